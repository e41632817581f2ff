"""Refuse ONNX files that need anything but themselves and standard operators.

onnxruntime would read external data from other files. The search has no ONNX package, so the
fields are found in the protocol buffer itself, without unpacking the weights.
"""

from collections.abc import Iterator

MAX_FIELDS = 300_000
# message -> number of a field -> message in it, 'domain' for the name of an operator set
FIELDS = {
    'model': {7: 'graph', 8: 'opset', 20: 'training', 25: 'function'},
    'graph': {1: 'node', 5: 'tensor', 15: 'sparse'},
    'node': {5: 'attribute', 7: 'domain'},
    'attribute': {5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse'},
    'sparse': {1: 'tensor', 2: 'tensor'},
    'opset': {1: 'domain'},
    'tensor': {13: 'external', 14: 'location'},
}
REFUSED = {
    'external': 'has its weights in another file',
    'location': 'has its weights in another file',
    'training': 'has graphs for training',
    'function': 'has functions of its own',
}
STANDARD = (b'', b'ai.onnx')  # the domain of the operators of ONNX itself
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def check_self_contained(content: bytes) -> None:
    """Check that an ONNX file names no other file, and only standard operators.

    Args:
        content (bytes): The file.

    Raises:
        ValueError: If it does, or is not an ONNX file.
    """
    pending = [('model', memoryview(content))]
    left = MAX_FIELDS
    while pending:
        kind, message = pending.pop()
        for number, value in _fields(message):
            left -= 1
            if not left:
                raise ValueError(f'it must have at most {MAX_FIELDS:,} parts')
            inner = FIELDS[kind].get(number)
            if inner is None or value == 0:  # a location of 0 is the file itself
                continue
            if inner in REFUSED:
                raise ValueError(f'it {REFUSED[inner]}')
            if isinstance(value, int):
                raise ValueError('it is not an ONNX file')
            if inner != 'domain':
                pending.append((inner, value))
            elif bytes(value[:100]) not in STANDARD:
                raise ValueError(
                    f'it has operators of {bytes(value[:100])!r}, not only those of ONNX itself'
                )


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message, without copying.

    Raises:
        ValueError: If it is damaged.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind, value = key & 7, 0
        if kind == VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, position = _varint(message, position)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError('it is not an ONNX file')
        if size > len(message) - position:
            raise ValueError('it is not an ONNX file, or cut off')
        if kind == BYTES:
            yield key >> 3, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Decode a number of variable length; return it and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError('it is not an ONNX file, or cut off')
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError('it is not an ONNX file')
