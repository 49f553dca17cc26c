"""What a component imports and exports, with full types."""

from typing import final

from innkeeper_core.values import FunctionType

NODES_MAX: int

@final
class Items:
    """Named items: of a component's imports or exports, or of one interface among them.

    `resources` maps a resource's name to its number: one number per distinct resource of the
    component, however many interfaces use it. `unsupported` maps the name of an item that this
    host cannot handle to the reason. `others` names what carries no behaviour (types).
    """

    functions: dict[str, FunctionType]
    interfaces: dict[str, Items]
    resources: dict[str, int]
    unsupported: dict[str, str]
    others: tuple[str, ...]
