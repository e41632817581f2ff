_base_ = 'mmpretrain::_base_/default_runtime.py'

custom_imports = dict(imports=['npid_mm'], allow_failed_imports=False)

default_hooks = dict(
    logger=dict(interval=50),
    # keep the three newest checkpoints; each contains the bank
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=10,
        max_keep_ckpts=3,
        backend_args=dict(backend='atomic'),
    ),
    # stop at the first loss or weight that is NaN or infinite
    divergence=dict(type='DivergenceHook'),
    # on SIGTERM save and exit; --resume continues in the middle of the epoch
    graceful_stop=dict(type='GracefulStopHook', interval=10),
    # log RankMe, uniformity and other measures that need no labels, and warn if nothing is learned
    label_free=dict(type='LabelFreeHook'),
    # knn_interval: epochs between two logs of bank_knn, the bank's accuracy on its own labels
    memory_bank=dict(type='MemoryBankHook', knn_interval=0),
    # P(i|f) of each image in the checkpoint, which tells duplicates (npid curate)
    own_probability=dict(type='OwnProbabilityHook'),
    seed_step=dict(type='StepSeedHook'),
    safe_checkpoint=dict(type='WeightsOnlyCheckpointHook'),
)
