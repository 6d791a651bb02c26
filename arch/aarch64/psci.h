/* SPDX-License-Identifier: MIT */
/* Calls of the firmware below: power and CPUs. [PSCI] DEN0022 */
#ifndef ARCH_AARCH64_PSCI_H
#define ARCH_AARCH64_PSCI_H

#include "lib/types.h"

enum { PSCI_OK = 0, PSCI_NOT_SUPPORTED = -1, PSCI_NOT_PRESENT = -7,
       PSCI_DISABLED = -8 };

s64 psci_call(u64 function, u64 a1, u64 a2, u64 a3);

#endif
