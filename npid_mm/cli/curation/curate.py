"""Find duplicates, leaks, outliers and doubtful labels among the images of an index or a run.

npid curate INDEX --out report.html report.csv
npid curate INDEX --against INDEX --out leaks.html
npid curate RUN --images FOLDER --out report.parquet
npid curate INDEX --apply marks.csv --out list.txt
"""

import argparse

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.checks import check_whole
from npid_mm.utils.output_files import CURATION, LIST, PAGE, Kind, add_force, check_output
from npid_mm.utils.paths import printable_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    from npid_mm.curation.report import METHODS
    from npid_mm.visualization import METHODS as METHODS_2D

    parser.add_argument(
        'source', metavar='INDEX | RUN', help='folder of an index or of a run, or a checkpoint'
    )
    parser.add_argument(
        '--out',
        nargs='+',
        required=True,
        metavar='FILE',
        help='.html page to look at, and .csv or .parquet table with a line per image; with '
        '--apply, the .txt list',
    )
    parser.add_argument(
        '--against', metavar='INDEX', help='another index, to find images that are in both'
    )
    parser.add_argument(
        '--images', metavar='FOLDER', help='folder of the images of a run, to read their pixels'
    )
    parser.add_argument(
        '--min-cosine',
        type=float,
        default=0.8,
        help='least cosine of candidates for copies; default: %(default)s',
    )
    parser.add_argument(
        '--min-pixels',
        type=float,
        default=0.985,
        help='least similarity of the pixels of copies; default: %(default)s',
    )
    parser.add_argument(
        '--no-pixels', action='store_true', help='do not read the images to confirm copies'
    )
    parser.add_argument('--clusters', type=int, help='number of clusters; default: sqrt(N / 2)')
    parser.add_argument(
        '--subset', type=int, default=0, metavar='N', help='choose a diverse subset of N images'
    )
    parser.add_argument('--method', choices=METHODS, default=METHODS[0], help='of the subset')
    parser.add_argument(
        '--page-images', type=int, default=2000, help='images of the page; default: %(default)s'
    )
    parser.add_argument(
        '--map', choices=(*METHODS_2D, 'none'), default='tsne', help='map of the page'
    )
    parser.add_argument(
        '--apply', metavar='CSV', help='marks of the page: write a list of the other images'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the clusters')
    add_force(parser)


def run(args: argparse.Namespace) -> None:
    """Write the report."""
    from npid_mm.curation import curate, read_image_set
    from npid_mm.curation.report_page import write_report_page
    from npid_mm.curation.tables import write_table

    if args.apply:
        apply_marks(args)
        return
    outs = [
        check_output(out, PAGE if out.lower().endswith('.html') else TABLE_OR_PAGE, args.force)
        for out in args.out
    ]
    check_whole('--page-images', args.page_images)
    images = read_image_set(args.source, args.against, args.images)
    report = curate(
        images,
        min_cosine=args.min_cosine,
        min_pixels=None if args.no_pixels else args.min_pixels,
        clusters=args.clusters,
        subset=args.subset,
        method=args.method,
        seed=args.seed,
    )
    copies = sum(len(group) - 1 for group in report.groups)
    print(
        f'{len(images):,} images: {len(report.groups):,} groups of copies ({copies:,} images to '
        f'spare), {len(report.leaks):,} of them in several sets, {len(report.look_alikes):,} pairs '
        'that only look alike'
    )
    if report.neighbors.recall < 1:
        print(f'nearest neighbors were found with a recall of {report.neighbors.recall:.3f}')
    for out in outs:
        if out.suffix.lower() == '.html':
            method = None if args.map == 'none' else args.map
            write_report_page(report, out, args.page_images, method)
        else:
            write_table(report.columns, out)
        print(f'Look at {printable_path(out)}')


def apply_marks(args: argparse.Namespace) -> None:
    """Write the list of the images that are not marked."""
    from npid_mm.curation import read_image_set
    from npid_mm.curation.marks import read_marks, remaining_list

    if len(args.out) > 1:
        raise ValueError(f'--out must name one list with --apply, got {len(args.out)} files')
    out = check_output(args.out[0], LIST, args.force)
    images = read_image_set(args.source, args.against, args.images)
    text, count = remaining_list(images.paths, images.labels, read_marks(args.apply))
    write_atomic(out, text)
    print(f'{printable_path(out)}: {count:,} of {len(images):,} images')


TABLE_OR_PAGE = Kind(CURATION.name, ('.html', *CURATION.endings), CURATION.matches)


def main(argv: list[str] | None = None) -> None:
    """Run the command."""
    parser = ToolParser(
        description='Find duplicates, leaks, outliers and doubtful labels among images.'
    )
    add_arguments(parser)
    run(parser.parse_args(argv))
