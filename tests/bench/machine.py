# SPDX-License-Identifier: Apache-2.0
"""Says on what kind of machine figures were measured."""

import os
import platform
import re
from pathlib import Path


def describe():
    cpuinfo = Path("/proc/cpuinfo").read_text(errors="replace")
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.M)
    family = re.search(r"^cpu family\s*:\s*(.+)$", cpuinfo, re.M)
    number = re.search(r"^model\s*:\s*(.+)$", cpuinfo, re.M)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    virtual = "hypervisor" in cpuinfo
    cpu = model.group(1).strip() if model else platform.machine()
    if family and number:
        cpu += f" (family {family.group(1)}, model {number.group(1)})"
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "virtual": virtual,
        "memory_gib": round(int(memory.group(1)) / 2**20, 1) if memory else 0,
        "kernel": platform.release(),
        "libc": os.confstr("CS_GNU_LIBC_VERSION") or "",
        "load": round(os.getloadavg()[0], 2),
    }


def sentence(machine):
    kind = "virtual machine" if machine["virtual"] else "machine"
    return (f"{machine['cpu']}, {kind} with {machine['cores']} cores and "
            f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, {machine['libc']}; "
            f"load average {machine['load']} at the start")
