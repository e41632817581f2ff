"""MMSelfSup's recipe, with images read by MMSelfSup's operators."""

_base_ = [
    '../../configs/selfsup/_base_/models/npid_resnet50.py',
    '../../configs/selfsup/_base_/datasets/imagenet_per-image.py',
    '../../configs/selfsup/_base_/schedules/sgd_steplr-200e.py',
    '../../configs/selfsup/_base_/default_runtime.py',
]

model = dict(head=dict(type='SampledSoftmaxHead', num_negatives=65536, temperature=0.07))
