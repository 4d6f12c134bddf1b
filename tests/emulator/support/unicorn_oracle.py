"""Runs Thumb programs on Unicorn's Cortex-M0. One JSON object a line on stdin, one a line on stdout.

in:  {"code": hex, "address": n, "registers": [15 numbers], "flags": n, "data": hex, "dataAddress": n}
out: {"registers": [15 numbers], "pc": n, "flags": n, "data": hex}
"""
import json
import sys

import unicorn as uc
from unicorn import arm_const as arm

REGISTERS = [getattr(arm, f"UC_ARM_REG_R{n}") for n in range(13)] + [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR]
SRAM = 0x20000000
SRAM_BYTES = 0x42000 + 0x1000 - 0x42000 % 0x1000


def machine():
    mu = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
    mu.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M0)
    mu.mem_map(SRAM, SRAM_BYTES)
    return mu


def run(mu, job):
    code = bytes.fromhex(job["code"])
    data = bytes.fromhex(job["data"])
    mu.mem_write(job["address"], code)
    mu.mem_write(job["dataAddress"], data)
    mu.ctl_remove_cache(job["address"], job["address"] + len(code))
    mu.reg_write(arm.UC_ARM_REG_APSR, job["flags"])
    for register, value in zip(REGISTERS, job["registers"]):
        mu.reg_write(register, value)
    # The last two halfwords are the BKPT that ends the program on our core.
    mu.emu_start(job["address"] | 1, job["address"] + len(code) - 4)
    return {
        "registers": [mu.reg_read(register) for register in REGISTERS],
        "pc": mu.reg_read(arm.UC_ARM_REG_PC),
        "flags": mu.reg_read(arm.UC_ARM_REG_APSR) >> 28,
        "data": mu.mem_read(job["dataAddress"], len(data)).hex(),
    }


def main():
    mu = machine()
    for line in sys.stdin:
        print(json.dumps(run(mu, json.loads(line))))


main()
