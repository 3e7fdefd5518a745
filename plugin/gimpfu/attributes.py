"""The table-like descriptors that wrapper objects' properties are made of."""

from __future__ import annotations

from typing import Any, Callable, Generic, Optional, TypeVar, Union, cast, overload

from . import values
from .handles import Handle

T = TypeVar("T")


class Attribute(Generic[T]):
    """A property read by one procedure of GIMP 3, and written by another if one is named.

    `convert` turns the procedure's result (a value, or a tuple of several) into the property's.
    """

    def __init__(
        self,
        getter: str,
        setter: Optional[str] = None,
        convert: Optional[Callable[[Any], T]] = None,
        doc: str = "",
    ) -> None:
        self._getter, self._setter, self._convert = getter, setter, convert
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"{owner.__name__}.{name}"

    @overload
    def __get__(self, handle: None, owner: type) -> Attribute[T]: ...
    @overload
    def __get__(self, handle: Handle, owner: type) -> T: ...
    def __get__(self, handle: Optional[Handle], owner: type) -> Union[Attribute[T], T]:
        if handle is None:
            return self
        value = values.call(self._getter, handle)
        return self._convert(value) if self._convert else cast(T, value)

    def __set__(self, handle: Handle, value: T) -> None:
        if self._setter is None:
            raise AttributeError(f"{self._name} cannot be set")
        parts = value if isinstance(value, tuple) else (value,)
        values.call(self._setter, handle, *parts)
