"""A function takes five facts at most; one that takes more says why."""

import ast

from tests.project.packages import places

MOST = 5

REASONS = {
    "confirma_async/converters/tolerance.py TolerantReader._value": "all differ from value to value",
    "confirma_async/formats/xml/reading/plan.py _lay_out": "calls itself for each element of a document",
    "confirma_async/sandbox/rules/money/interest.py units": "the terms of one formula",
}
"""Why a function takes more. Where parameters travel together, a class of them is better than a reason."""


def functions(tree, inside=""):
    """Every function of a module, by its name and that of its class."""
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{inside}.{node.name}".removeprefix(".")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
        yield from functions(node, name)


def facts(function):
    """What a caller has to give: all but the keyword-only parameters that have defaults."""
    arguments = function.args
    given = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    required = [
        each.arg
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return given[given[:1] in (["self"], ["cls"]) :] + required


def wide(source):
    """The functions of a module that take more than ``MOST`` facts."""
    return [name for name, function in functions(ast.parse(source)) if len(facts(function)) > MOST]


def test_keyword_only_defaults_and_the_object_itself_do_not_count():
    assert wide("class A:\n def f(self, a, b, c, d, e, *, g=1, h=2): ...") == []
    assert wide("class A:\n async def f(self, a, b, c, d, e, f=1): ...") == ["A.f"]
    assert wide("def f(a, b, c, *, d, e, f): ...") == ["f"]


def test_a_function_that_takes_more_than_five_facts_says_why():
    assert places(wide) == REASONS.keys()
