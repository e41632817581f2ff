# Template for a folder of your own photographs: put them below data_root (or set it), in class
# subfolders if you have classes; see docs/your_images.md.
_base_ = [
    '../_base_/models/npid_resnet18-w32.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/adamw_coslr.py',
    '../_base_/default_runtime.py',
]
