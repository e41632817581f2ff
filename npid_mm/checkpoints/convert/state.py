"""What a checkpoint of any code base holds of NPID."""

from dataclasses import dataclass, field

from torch import Tensor

from npid_mm.checkpoints.limits import brief

BACKBONE = 'backbone.'
NECK = 'neck.fc.'
BANK = 'memory_bank.feature_bank'
Z, Z_COUNT = 'head.z', 'head.z_count'
# beside the state dict: names of the images that the rows of the bank belong to, compressed
IMAGES = 'images'


@dataclass
class NPIDState:
    """NPID's parts under the names that they have here, and where they come from.

    Attributes:
        path (str): The file.
        title (str): Name of the code base.
        state (dict[str, Tensor]): What there is of backbone, neck, bank (N, D) and Z, as in the
            state dict of :class:`~npid_mm.models.NPID`.
        origin (dict[str, str]): Name here -> key in the file, but for Z.
        left (dict[str, object]): Key in the file -> value, of all that has no place here.
        settings (dict[str, float]): Settings that the file tells, as this package counts them:
            'num_negatives', 'temperature', 'momentum' (weight of the new feature).
        settings_from (str): Key in the file that tells them, and Z.
        notes (list[str]): What was changed, or should be known.
    """

    path: str
    title: str
    state: dict[str, Tensor] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    left: dict[str, object] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    settings_from: str = ''
    notes: list[str] = field(default_factory=list)

    def backbone(self) -> dict[str, Tensor]:
        """The backbone's weights under its own names."""
        return {
            name.removeprefix(BACKBONE): value
            for name, value in self.state.items()
            if name.startswith(BACKBONE)
        }


def check_bank(bank, name: str = BANK) -> None:
    """Refuse a memory bank of a checkpoint that is not rows of features.

    Args:
        bank (object): What the checkpoint holds.
        name (str): Where.

    Raises:
        ValueError: It is not a floating-point tensor (N, D).
    """
    if not (isinstance(bank, Tensor) and bank.dim() == 2 and bank.is_floating_point()):
        got = f'{tuple(bank.shape)} of {bank.dtype}' if isinstance(bank, Tensor) else brief(bank)
        raise ValueError(f'{name} must be a bank of floating-point rows (N, D), got {got}')
