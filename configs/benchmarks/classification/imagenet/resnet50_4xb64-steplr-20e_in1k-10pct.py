# Semi-supervised: all weights fine-tuned on 10 % of ImageNet's labels.
_base_ = './resnet50_4xb64-steplr-20e_in1k-1pct.py'

train_dataloader = dict(dataset=dict(dataset=dict(ann_file='meta/train_10percent.txt')))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
