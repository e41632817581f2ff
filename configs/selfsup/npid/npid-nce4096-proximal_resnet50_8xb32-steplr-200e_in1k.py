# The paper's NCE with its proximal term. The paper plots lambda of 0, 10, 30 and 50 and does not
# say which one its results have.
_base_ = [
    '../_base_/models/npid_resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='NCEHead',
        num_negatives=4096,  # M
        proximal_weight=30.0,  # lambda
        temperature=0.07,  # tau
    ),
)
