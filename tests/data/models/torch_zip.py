"""Files as torch.save() writes them of a state dict, made without torch."""

import collections
import io
import pickle
import sys
import types
import zipfile

ELEMENT_SIZES = {"FloatStorage": 4, "LongStorage": 8}


def _stand_in(module, name):
    """What pickle writes as `module.name`."""
    made = type(name, (), {"__module__": module})
    sys.modules.setdefault(module, types.ModuleType(module)).__dict__[name] = made
    return made


_STORAGES = {name: _stand_in("torch", name) for name in ELEMENT_SIZES}
_REBUILD = _stand_in("torch._utils", "_rebuild_tensor_v2")


class _Storage:
    def __init__(self, kind, key, num_elements):
        self.id = ("storage", _STORAGES[kind], key, "cpu", num_elements)


class _Tensor:
    def __init__(self, storage, shape):
        strides = [1]
        for length in reversed(shape[1:]):
            strides.insert(0, strides[0] * length)
        self._state = (storage, 0, tuple(shape), tuple(strides[:len(shape)]), False, collections.OrderedDict())

    def __reduce__(self):
        return _REBUILD, self._state


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, _Storage) else None


def write(path, tensors):
    """`tensors`: by name the kind of storage, the shape and the bytes."""
    state = collections.OrderedDict()
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, (kind, shape, numbers)) in enumerate(tensors.items()):
            state[name] = _Tensor(_Storage(kind, str(number), len(numbers) // ELEMENT_SIZES[kind]), shape)
            archive.writestr(f"archive/data/{number}", numbers)
        text = io.BytesIO()
        _Pickler(text, protocol=2).dump(state)
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/byteorder", "little")
