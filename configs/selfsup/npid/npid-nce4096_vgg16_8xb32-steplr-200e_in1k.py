# The paper's VGG16.
_base_ = [
    '../_base_/models/npid_vgg16.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='NCEHead',
        num_negatives=4096,  # M
        temperature=0.07,  # tau
    ),
)
