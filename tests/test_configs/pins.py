"""Values that the published recipes share, and helpers to write them down."""

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
TRAIN = 'train_dataloader.dataset.dataset'
REFERENCE = 'test_cfg.reference'
EDGE = dict(type='ResizeEdge', scale=256, edge='short', backend='pillow')
PACK = dict(type='PackInputs')
CENTER = [dict(type='LoadImage'), EDGE, dict(type='CenterCrop', crop_size=224), PACK]
SQUARE = [dict(type='LoadImage'), EDGE, dict(type='Resize', scale=224, backend='pillow'), PACK]
CROP = dict(type='LoadRandomResizedCrop', crop_ratio_range=(0.2, 1.0))
GRAY = dict(type='RandomGrayscale', p=0.2)
JITTER = dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0)
FLIP = dict(type='RandomHorizontalFlip', p=0.5)
RESNET50 = dict(type='ResNet', depth=50, out_indices=(3,))
BN, SYNC_BN = dict(type='BN'), dict(type='SyncBN')
CIFAR_RESNET18 = dict(type='ResNet_CIFAR', depth=18, out_indices=(3,))
NCE = dict(type='NCEHead', num_negatives=4096)
SAMPLED = dict(type='SampledSoftmaxHead', num_negatives=65536)


def sgd(lr: float, decay: float, **more) -> dict:
    return dict(type='SGD', lr=lr, momentum=0.9, weight_decay=decay, **more)


def steps(milestones: list[int], gamma: float = 0.1) -> dict:
    return dict(type='MultiStepLR', milestones=milestones, gamma=gamma)


def listed(kind: str, folder: str, ann_file: str, **more) -> dict:
    return dict(type=kind, data_root=f'data/{folder}', ann_file=ann_file, **more)
