"""NPID's weights and settings, as read from a checkpoint of any code base."""

from dataclasses import dataclass, field

from torch import Tensor

from npid_mm.utils.text import describe

BACKBONE = 'backbone.'
NECK = 'neck.fc.'
BANK = 'memory_bank.feature_bank'
Z, Z_COUNT = 'head.z', 'head.z_count'
# key beside the state dict: compressed names of the images that the rows of the bank belong to
IMAGES = 'images'
# key beside the state dict: P(i|f) of each instance (N,), averaged over the last epochs
OWN_PROBABILITY = 'own_probability'
# key beside the state dict: folder that the names of the images start from
FOLDER = 'images_folder'


@dataclass
class NPIDState:
    """NPID's weights under the names of this package, and the keys that they come from.

    Attributes:
        path (str): The file.
        title (str): Name of the code base.
        state (dict[str, Tensor]): Backbone, neck, bank (N, D) and Z as far as the file has them,
            as in the state dict of :class:`~npid_mm.models.NPID`.
        keys (dict[str, str]): Name in ``state`` -> key in the file, except for Z.
        unused (dict[str, object]): Key in the file -> value, of everything else.
        settings (dict[str, float]): 'num_negatives', 'temperature' and 'momentum' (weight of the
            new feature) as far as the file has them.
        settings_key (str): Key in the file that holds the settings, and Z.
        notes (list[str]): What was changed, and what else the user should know.
    """

    path: str
    title: str
    state: dict[str, Tensor] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    unused: dict[str, object] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    settings_key: str = ''
    notes: list[str] = field(default_factory=list)

    def backbone(self) -> dict[str, Tensor]:
        """Return the weights of the backbone under its own names."""
        return {
            name.removeprefix(BACKBONE): value
            for name, value in self.state.items()
            if name.startswith(BACKBONE)
        }


def check_bank(bank: object, name: str = BANK) -> None:
    """Check that the memory bank of a checkpoint holds rows of features.

    Args:
        bank (object): The value in the checkpoint.
        name (str): Its key in the message.

    Raises:
        ValueError: If it is not a floating-point tensor (N, D).
    """
    if not (isinstance(bank, Tensor) and bank.dim() == 2 and bank.is_floating_point()):
        got = f'{tuple(bank.shape)} of {bank.dtype}' if isinstance(bank, Tensor) else describe(bank)
        raise ValueError(f'{name} must be a bank of floating-point rows (N, D), got {got}')
