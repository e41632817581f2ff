"""Find the data preprocessor that a config uses."""

from mmengine.config import Config


def preprocessor_config(cfg: Config) -> dict:
    """Return the config of the data preprocessor, found as MMEngine and MMPretrain find it."""
    model = cfg.get('model') or {}
    found = model.get('data_preprocessor') or cfg.get('data_preprocessor') or {}
    probe = model.get('type') == 'ProbeClassifier'
    return {'type': 'ClsDataPreprocessor' if probe else 'SelfSupDataPreprocessor', **found}
