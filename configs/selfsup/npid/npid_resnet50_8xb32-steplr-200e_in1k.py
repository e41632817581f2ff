# MMSelfSup's recipe: each image against 65,536 sampled negatives.
_base_ = [
    '../_base_/models/npid_resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='SampledSoftmaxHead',
        num_negatives=65536,  # M, per image
        temperature=0.07,  # tau
    ),
)
