"""Published figures of NPID, ResNet-50, 200 epochs on ImageNet: what a report sets beside ours."""

MMSELFSUP = 'MMSelfSup'
OPENSELFSUP = 'OpenSelfSup'
SOURCES = {
    MMSELFSUP: 'open-mmlab/mmselfsup 1.0.0, configs/selfsup/npid/README.md; its AvgPool figure of '
    'ImageNet is a second run, version 0.x has 57.97; its low-shot figures choose the cost on the '
    'test set (ours do so with --cfg-options test_cfg.select=test)',
    OPENSELFSUP: 'open-mmlab/OpenSelfSup, docs/MODEL_ZOO.md, best of its learning rates',
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
