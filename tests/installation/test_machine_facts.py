import os
import sys

import pytest

from tumorboard.installation.graphics import check_gpus
from tumorboard.installation.limits import core_limit, memory_limit, parse_cpu_max
from tumorboard.installation.memory import parse_meminfo
from tumorboard.installation.processor import check_processor, feature_checks, parse_cpuinfo
from tumorboard.installation.programs import SystemProgram, check_programs
from tumorboard.installation.sizes import readable_size

# two hyper-threads on each of two cores; the flags are cut to those of interest
XEON = "\n\n".join(
    f"""processor\t: {number}
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
physical id\t: 0
siblings\t: 4
core id\t\t: {number // 2}
cpu cores\t: 2
flags\t\t: fpu vme sse4_2 avx fma avx2 avx512f avx512dq avx512bw avx512_bf16 amx_bf16 avx512_fp16 amx_tile amx_int8
bugs\t\t: spectre_v1 spectre_v2
power management:"""
    for number in range(4)
)

GRAVITON = """processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm sve i8mm bf16
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd40
CPU revision\t: 1
"""


def test_cpuinfo_of_a_xeon():
    processor = parse_cpuinfo(XEON)
    assert processor.model == "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"
    assert processor.physical_cores == 2
    assert [check.found for check in feature_checks(processor.features, "x86_64")] == ["yes"] * 4


def test_cpuinfo_of_an_older_processor():
    processor = parse_cpuinfo("model name\t: Some CPU\nflags\t\t: fpu sse avx avx2 fma\n")
    assert [check.status for check in feature_checks(processor.features, "x86_64")] == ["ok"] + ["absent"] * 3
    assert processor.physical_cores is None


def test_cpuinfo_of_arm_has_no_model_and_other_instructions():
    processor = parse_cpuinfo(GRAVITON)
    assert processor.model is None
    assert "sve" in processor.features
    assert {check.found for check in feature_checks(processor.features, "aarch64")} == {"no (aarch64 has its own)"}


def test_unknown_features_are_said_to_be_unknown():
    assert {check.found for check in feature_checks(None, "AMD64")} == {"not known"}


def test_this_machines_cores_are_counted():
    cores = next(check for check in check_processor() if check.name == "cores")
    assert f"{os.cpu_count()} logical" in cores.found


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000", None),
        ("200000 100000", 2.0),
        ("150000 100000\n", 1.5),
        ("-1 100000", None),
        ("", None),
        ("1 0", None),
    ],
)
def test_cpu_max(text, cores):
    assert parse_cpu_max(text) == cores


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "ascii")


def test_the_strictest_group_counts(tmp_path):
    root, membership = tmp_path / "cgroup", tmp_path / "membership"
    _write(membership, "0::/batch/job-7\n")
    _write(root / "batch" / "cpu.max", "400000 100000")
    _write(root / "batch" / "job-7" / "cpu.max", "max 100000")
    _write(root / "batch" / "memory.max", "max")
    _write(root / "batch" / "job-7" / "memory.max", "8589934592")
    _write(tmp_path / "cpu.max", "100000 100000")  # above the root: not ours
    assert core_limit(root, membership) == 4.0
    assert memory_limit(root, membership) == 8 * 1024**3


def test_inside_a_container_the_limit_is_at_the_root(tmp_path):
    _write(tmp_path / "membership", "0::/\n")
    _write(tmp_path / "cpu.max", "200000 100000")
    assert core_limit(tmp_path, tmp_path / "membership") == 2.0
    assert memory_limit(tmp_path, tmp_path / "membership") is None


def test_version_1_groups(tmp_path):
    _write(tmp_path / "membership", "5:memory:/\n4:cpu,cpuacct:/job\n1:name=systemd:/\n")
    _write(tmp_path / "cpu,cpuacct" / "job" / "cpu.cfs_quota_us", "300000\n")
    _write(tmp_path / "cpu,cpuacct" / "job" / "cpu.cfs_period_us", "100000\n")
    _write(tmp_path / "cpu,cpuacct" / "cpu.cfs_quota_us", "-1\n")
    _write(tmp_path / "cpu,cpuacct" / "cpu.cfs_period_us", "100000\n")
    _write(tmp_path / "memory" / "memory.limit_in_bytes", "2147483648\n")
    assert core_limit(tmp_path, tmp_path / "membership") == 3.0
    assert memory_limit(tmp_path, tmp_path / "membership") == 2 * 1024**3


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert core_limit(tmp_path, tmp_path / "absent") is None
    assert memory_limit(tmp_path, tmp_path / "absent") is None


def test_meminfo():
    sizes = parse_meminfo("MemTotal:       16384 kB\nMemAvailable:    8192 kB\nHugePages_Total:       0\n")
    assert sizes == {"MemTotal": 16 * 1024**2, "MemAvailable": 8 * 1024**2}


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (46_830_571, "44.7 MiB"),
        (250 * 1024**3, "250 GiB"),
        (5000 * 1024**4, "5000 TiB"),
    ],
)
def test_sizes_are_readable(size, text):
    assert readable_size(size) == text


posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


def _nvidia_smi(folder, monkeypatch, script):
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@posix
def test_gpus_are_listed(tmp_path, monkeypatch):
    line = "NVIDIA H100 80GB HBM3, 81559 MiB, 550.54.15"
    _nvidia_smi(tmp_path, monkeypatch, f"echo '{line}'\necho '{line}'")
    found = [(check.name, check.found) for check in check_gpus()]
    assert found == [(f"GPU {n}", "NVIDIA H100 80GB HBM3, 81559 MiB, driver 550.54.15") for n in (0, 1)]


@posix
def test_a_failing_driver_is_told(tmp_path, monkeypatch):
    why = "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."
    _nvidia_smi(tmp_path, monkeypatch, f"echo '{why}'\nexit 9")
    (check,) = check_gpus()
    assert check.status == "warning"
    assert check.found.endswith(why)


@posix
def test_no_gpu_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    (check,) = check_gpus()
    assert (check.status, check.found) == ("absent", "none; everything runs on the processor")


def test_programs_on_the_search_path(tmp_path, monkeypatch):
    here = SystemProgram("python" if sys.platform == "win32" else "sh", "a shell", "dash")
    missing = SystemProgram("no-such-program", "nothing", "no-such-package")
    assert [check.status for check in check_programs([here, missing])] == ["ok", "absent"]
    assert check_programs([missing])[0].fix == "sudo apt-get install no-such-package"
    assert check_programs() == []
