# Settings that detection and segmentation add to the configs of MMDetection and MMSegmentation

custom_imports = dict(imports=['npid_mm'], allow_failed_imports=False)

# checkpoint whose backbone the training starts from: --cfg-options pretrained=PATH
pretrained = None

custom_hooks = [
    dict(type='mmpretrain.PretrainedBackboneHook'),
    # stop at the first loss or weight that is NaN or infinite
    dict(type='mmpretrain.DivergenceHook'),
    # on SIGTERM save and exit; --resume continues from there
    dict(type='mmpretrain.GracefulStopHook', interval=10),
    dict(type='mmpretrain.WeightsOnlyCheckpointHook'),
]

# for default_hooks.checkpoint: files are written atomically, the three newest are kept
atomic_checkpoints = dict(
    type='mmpretrain.AtomicCheckpointHook',
    max_keep_ckpts=3,
    backend_args=dict(backend='atomic'),
)
