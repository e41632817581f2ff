# ImageNet, weighted kNN on the network's embedding (128-d), as the paper has it.
_base_ = './knn_resnet50_in1k.py'

model = dict(
    neck=dict(
        type='LinearNeck',
        in_channels=2048,
        out_channels=128,  # D, that of the pretraining
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
)
test_cfg = dict(feature='embedding')
