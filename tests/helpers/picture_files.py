"""Picture files made byte by byte, independently of the library that reads them."""

import struct
import zlib

import numpy as np


def chunk(kind, data):
    """A chunk of a PNG."""
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(samples, bits, colour=0, extra=b'', interlaced=False, at_end=b''):
    """A PNG of ``(H, W)`` samples of so many bits; colour 0 is gray, 3 has a palette (among the extra chunks)."""
    passes = [samples] if not interlaced else [samples[y::dy, x::dx] for x, y, dx, dy in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))]
    rows = b''.join(b'\0' + row for part in passes if part.size for row in packed(part, bits))
    header = struct.pack('>IIBBBBB', samples.shape[1], samples.shape[0], bits, colour, 0, 0, interlaced)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + extra + chunk(b'IDAT', zlib.compress(rows)) + at_end +
            chunk(b'IEND', b''))


def packed(samples, bits):
    """The bytes of each row, big end first."""
    shifts = np.arange(bits)[::-1]
    return [row.tobytes() for row in np.packbits(
        ((samples.astype(np.int64)[..., None] >> shifts) & 1).astype(np.uint8).reshape(len(samples), -1), axis=1)]


def exif(orientation):
    """A chunk that says how a PNG is turned."""
    return chunk(b'eXIf', b'MM\0*\0\0\0\x08\0\x01' + struct.pack('>HHIHH', 274, 3, 1, orientation, 0) + bytes(4))


def tiff(*pages):
    """A TIFF, big end first; a page is ``(samples (H, W) or (H, W, C), bits, tags)``, the tags short numbers."""
    content, links = b'MM\0*', 4
    content += bytes(4)
    for samples, bits, tags in pages:
        count = 1 if samples.ndim == 2 else samples.shape[2]
        pixels = b''.join(packed(samples.reshape(len(samples), -1), bits))
        strip, content = len(content), content + pixels + bytes(len(pixels) % 2)
        depths, content = len(content), content + struct.pack(f'>{count}H', *[bits] * count) + bytes(4)
        kinds, content = len(content), content + struct.pack(f'>{count}H', *[tags.get(339, 1)] * count) + bytes(4)
        known = {256: samples.shape[1], 257: samples.shape[0], 259: 1, 262: 1 if count == 1 else 2, 277: count,
                 278: samples.shape[0], **tags}
        entries = {tag: struct.pack('>HHIHH', tag, 3, 1, value, 0) for tag, value in known.items()}
        entries |= {273: struct.pack('>HHII', 273, 4, 1, strip), 279: struct.pack('>HHII', 279, 4, 1, len(pixels))}
        for tag, value, place in ((258, bits, depths), (339, tags.get(339, 1), kinds)):
            entries[tag] = struct.pack('>HHIHH', tag, 3, count, value, value * (count == 2)) if count < 3 else \
                struct.pack('>HHII', tag, 3, count, place)
        content += bytes(len(content) % 2)
        content = content[:links] + struct.pack('>I', len(content)) + content[links + 4:]
        content += struct.pack('>H', len(entries)) + b''.join(entries[tag] for tag in sorted(entries))
        links, content = len(content), content + bytes(4)
    return content
