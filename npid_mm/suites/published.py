"""Published figures of NPID, ResNet-50, 200 epochs on ImageNet: what a report sets beside ours."""

MMSELFSUP = 'MMSelfSup'
OPENSELFSUP = 'OpenSelfSup'
PAPER = 'paper'
MMDETECTION = 'MMSelfSup, MMDetection'
DETECTRON2 = 'OpenSelfSup, detectron2'
SOURCES = {
    MMSELFSUP: 'open-mmlab/mmselfsup 1.0.0, configs/selfsup/npid/README.md; its AvgPool figure of '
    'ImageNet is a second run, version 0.x has 57.97; its low-shot figures choose the cost on the '
    'test set (ours do so with --cfg-options test_cfg.select=test)',
    OPENSELFSUP: 'open-mmlab/OpenSelfSup, docs/MODEL_ZOO.md, best of its learning rates',
    PAPER: 'Wu et al. 2018, arXiv 1805.01978, Table 6; it states no schedule for the ResNet',
    MMDETECTION: 'open-mmlab/mmselfsup, configs/selfsup/npid/README.md, trained by its 0.x',
    DETECTRON2: 'open-mmlab/OpenSelfSup, docs/MODEL_ZOO.md, trained by detectron2, which takes '
    'difficult objects of VOC for training too',
}

# source -> column -> figure, in percent; a table of the report each
VOC07_SVM = {MMSELFSUP: {'Feature5': 76.75, 'Best': 76.75}}
VOC07_LOW_SHOT = {
    MMSELFSUP: {
        'k=1': 26.96,
        'k=2': 35.37,
        'k=4': 44.48,
        'k=8': 53.89,
        'k=16': 60.39,
        'k=32': 66.41,
        'k=64': 71.48,
        'k=96': 73.39,
    }
}
IMAGENET_LINEAR = {
    MMSELFSUP: {
        'Feature1': 14.68,
        'Feature2': 31.98,
        'Feature3': 42.85,
        'Feature4': 56.95,
        'Feature5': 58.41,
        'AvgPool': 58.3,
    }
}
PLACES205_LINEAR = {
    MMSELFSUP: {
        'Feature1': 19.98,
        'Feature2': 34.86,
        'Feature3': 41.59,
        'Feature4': 48.43,
        'Feature5': 48.71,
    }
}
IMAGENET_KNN = {MMSELFSUP: {'k=10': 42.9, 'k=20': 44.0, 'k=100': 43.2, 'k=200': 42.2}}
SEMI_SUPERVISED = {
    OPENSELFSUP: {
        '1 % top-1': 27.95,
        '1 % top-5': 54.37,
        '10 % top-1': 57.22,
        '10 % top-5': 81.39,
    }
}
SEGMENTATION = {MMSELFSUP: {'VOC12+aug': 65.45}}
VOC0712_DETECTION = {
    MMDETECTION: {'AP50': 79.52},
    DETECTRON2: {'AP': 54.11, 'AP50': 80.03, 'AP75': 59.50},
}
VOC07_DETECTION = {PAPER: {'AP50': 65.4}}
COCO_FPN_1X = {
    MMDETECTION: {
        'box mAP': 38.5,
        'box mAP50': 57.7,
        'box mAP75': 42.0,
        'mask mAP': 34.6,
        'mask mAP50': 54.8,
        'mask mAP75': 37.1,
    }
}
COCO_C4_2X = {
    DETECTRON2: {
        'box mAP': 39.4,
        'box mAP50': 59.0,
        'box mAP75': 42.8,
        'mask mAP': 34.5,
        'mask mAP50': 55.9,
        'mask mAP75': 36.6,
    }
}
