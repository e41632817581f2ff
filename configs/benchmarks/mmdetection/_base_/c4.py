# Parts of `model` in the C4 configs, for a backbone pretrained by NPID. Upstream's are for weights
# from Caffe: BGR images, no division by std, the stride in the first 1x1 convolution.

rgb = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
stages = dict(style='pytorch', init_cfg=None)  # PretrainedBackboneHook loads the weights

# statistics over the images of all ranks, trained like everything else
trained_norms = dict(norm_cfg=dict(type='SyncBN', requires_grad=True), norm_eval=False)
trained_c4 = dict(
    data_preprocessor=rgb,
    backbone=dict(frozen_stages=-1, **stages, **trained_norms),
    roi_head=dict(shared_head=dict(type='ResLayerExtraNorm', **stages, **trained_norms)),
)
