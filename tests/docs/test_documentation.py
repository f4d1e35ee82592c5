"""What the pages say holds: samples run, commands exist, links lead somewhere, no page knows a machine."""

import re
import shlex

import pytest
import typer
from pages import PAGES, ROOT, page_name, split_page

from tumorboard.cli.app import app

COMMANDS = typer.main.get_command(app).commands
OPTIONS = {
    name: {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    | {"--help", "-h"}
    for name, command in COMMANDS.items()
}
SHELL = ("console", "bash", "sh", "shell")

# [text](target) and ![text](target "title"); the target of a page of the web is not looked up
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_INLINE_COMMAND = re.compile(r"(?<!`)`(tumorboard [^`\n]+)`")
_END_OF_COMMAND = {"|", "||", "&&", ";", ">", ">>", "2>", "&"}
_MACHINE = re.compile(
    r"(?<![\w.~-])/(?:work|root|tmp|home|mnt|Users)(?:/|\b(?!\w))"
    r"|[A-Z]:\\"
    r"|pypi\.org|pythonhosted|anaconda\.org|conda\.io|docker\.io|ghcr\.io|quay\.io|registry\.|artifactory|index-url",
)

every_page = pytest.mark.parametrize("page", PAGES, ids=page_name)


def command_lines(text):
    """Yield the commands of a shell block, joined over line ends, without prompts."""
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"^\s*(?:\$\s+)?(?:\.venv/bin/)?", "", line).strip()
        if line.startswith("tumorboard "):
            yield line


def words_of(line):
    """Return the words after ``tumorboard``, up to a pipe or a redirection."""
    words = shlex.split(line, comments=True)[1:]
    ends = [place for place, word in enumerate(words) if word in _END_OF_COMMAND]
    return words[: ends[0]] if ends else words


def check_command(line):
    """Parse a whole command line as typer would, without running it."""
    name, *words = words_of(line)
    if name in {"--help", "-h", "--version"}:
        return
    assert name in COMMANDS, f"there is no command {name!r}: {line}"
    if {"--help", "-h"} & set(words):
        return
    try:
        COMMANDS[name].make_context(name, words).close()
    except Exception as error:
        pytest.fail(f"{line}: {error}")


def check_names(line):
    """Check only the names in a command that stands in a sentence, where words may stand for values."""
    name, *words = line.split()[1:]
    if name.startswith("-"):
        assert name in {"--help", "-h", "--version"}, line
        return
    if not name.islower():
        return  # COMMAND stands for any
    assert name in COMMANDS, f"there is no command {name!r}: {line}"
    for word in words:
        option = re.match(r"\[?(--[a-z][a-z0-9-]*)", word)
        assert not option or option[1] in OPTIONS[name], f"{name} has no option {option[1]}: {line}"


@every_page
def test_python_samples_run_in_order(page, tmp_path, monkeypatch):
    blocks, _ = split_page(page.read_text(encoding="utf-8"))
    samples = [block for block in blocks if block.language in {"python", "py"}]
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "sample"}
    for block in samples:
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, namespace)


@every_page
def test_commands_and_their_options_exist(page):
    blocks, prose = split_page(page.read_text(encoding="utf-8"))
    for block in blocks:
        for line in command_lines(block.text) if block.language in SHELL else ():
            check_command(line)
        for line in command_lines(block.text) if block.language in {"", "text"} else ():
            check_names(line)
    for line in _INLINE_COMMAND.findall(prose):
        check_names(line)
    for line in command_lines("\n".join(line for line in prose.splitlines() if line.startswith("    "))):
        check_names(line)


@every_page
def test_relative_links_lead_to_files(page):
    _, prose = split_page(page.read_text(encoding="utf-8"))
    for target in _LINK.findall(re.sub(r"`[^`\n]*`", "", prose)):
        if re.match(r"[a-z][a-z+.-]*:", target) or target.startswith("#"):
            continue
        assert not target.startswith("/"), f"{target} leads out of the project"
        assert (page.parent / target.split("#")[0]).exists(), f"{target} leads nowhere"


@every_page
def test_no_page_knows_a_machine_or_a_registry(page):
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        found = _MACHINE.search(line)
        assert not found, f"line {number}: {found[0]}"


def test_every_folder_of_the_package_has_its_reference_page():
    package = ROOT / "src" / "tumorboard"
    parts = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    wanted = {part for part in parts if not part.startswith("_")} - {"cli"}  # `--help` tells what the commands do
    for part in sorted(wanted):
        page = ROOT / "docs" / "reference" / f"{part}.md"
        assert page.is_file(), f"docs/reference/{part}.md is missing"
        assert f"::: tumorboard.{part}\n" in page.read_text(encoding="utf-8")


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert re.search(rf"[:-] {re.escape(name)}$", navigation, re.MULTILINE), f"{name} is not in mkdocs.yml's nav"


@pytest.mark.parametrize(
    "line",
    [
        "tumorboard teach my-study",
        "tumorboard cohort my-study --endpiont OS",
        "tumorboard cohort",
        "tumorboard demo demo-study --patients many",
        "tumorboard score a.csv b.csv",
    ],
)
def test_a_wrong_command_line_is_seen(line):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_command(line)


def test_a_wrong_command_in_a_sentence_is_seen():
    check_names("tumorboard evaluate --risks FILE [--json]")
    with pytest.raises(AssertionError):
        check_names("tumorboard evaluate STUDY --external OTHER")
    with pytest.raises(AssertionError):
        check_names("tumorboard teach STUDY")


@pytest.mark.parametrize(
    ("line", "machine"),
    [
        ("see /tmp/site", True),
        ("in /home/someone/study", True),
        (r"C:\Users\someone", True),
        ("tables in `kirc/cohort.parquet`", False),
        ("slides and/or scans, work/life, `~/.cache/tumorboard`", False),
    ],
)
def test_a_machine_path_is_told_from_a_relative_one(line, machine):
    assert bool(_MACHINE.search(line)) is machine
