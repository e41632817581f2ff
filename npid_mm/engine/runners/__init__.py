from .knn_loop import KNNTestLoop, KNNValLoop
from .resumable_train_loop import ResumableTrainLoop

__all__ = ['KNNTestLoop', 'KNNValLoop', 'ResumableTrainLoop']
