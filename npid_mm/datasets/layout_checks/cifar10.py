"""Check that the files of CIFAR-10 are there and undamaged."""

from pathlib import Path

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity

from .base import LayoutCheck, LayoutReport, register_check


@register_check('cifar10')
class CIFAR10Check(LayoutCheck):
    """Check of the files of ``root/cifar-10-batches-py`` by their checksums."""

    folder = 'cifar10'
    samples_files = False  # all of the few files are read

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        folder = root / CIFAR10.base_folder
        if not folder.is_dir():
            packed = (root / CIFAR10.filename).is_file()
            advice = f'unpack {CIFAR10.filename}' if packed else 'configs of CIFAR-10 download it'
            report.problems.append(f'folder {folder.name}/ is missing in {root}: {advice}')
            return
        files = [*CIFAR10.train_list, *CIFAR10.test_list]
        files.append([CIFAR10.meta['filename'], CIFAR10.meta['md5']])
        for name, checksum in files:
            report.looked_for += 1
            if not (folder / name).is_file():
                report.problems.append(f'{folder.name}/{name} is missing in {root}')
            elif not check_integrity(folder / name, checksum):
                report.problems.append(
                    f'{folder.name}/{name} is damaged (its checksum differs): remove '
                    f'{folder.name}/ and unpack {CIFAR10.filename} again'
                )
