# scikit-learn's 1,797 handwritten digits as image folders, written by tools/quickstart.py
_base_ = './folder.py'

data_root = 'data/digits'  # holds train.txt, val.txt, train/CLASS/*.png and val/CLASS/*.png
batch_size = 32  # images a rank and step
image_size = 16  # pixels, height and width that the network sees

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Resize', scale=image_size),
    dict(type='NumpyToPIL'),
    dict(
        type='torchvision/RandomAffine',
        degrees=15,
        translate=(0.1, 0.1),
        scale=(0.8, 1.2),
        shear=25,
        interpolation='bilinear',
    ),
    dict(type='torchvision/ColorJitter', brightness=0.3),
    dict(type='PILToNumpy'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Resize', scale=image_size),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(max_unreadable=0.0, dataset=dict(data_root=data_root, pipeline=train_pipeline)),
)
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator

k = (5, 10, 20, 200)  # neighbours, all in one pass
val_cfg = dict(k=k)
test_cfg = dict(k=k, reference=dict(dataset=dict(data_root=data_root, pipeline=test_pipeline)))
