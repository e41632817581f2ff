# The paper's loss: noise-contrastive estimation with 4,096 negatives.
_base_ = './npid_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(
    head=dict(
        _delete_=True,
        type='NCEHead',
        num_negatives=4096,  # M
        temperature=0.07,  # tau
    ),
)
