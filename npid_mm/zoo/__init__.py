from .hub import register_models

__all__ = ['register_models']
