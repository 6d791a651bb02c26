/* SPDX-License-Identifier: MIT */
/*
 * Those structures of UEFI that the stub needs; what it passes over is an
 * array of the right length. Functions are called as C calls them on AArch64.
 *
 * [UEFI] 2.3.6 "AArch64 Platforms", 4.3 "EFI System Table"
 */
#ifndef BOOT_AARCH64_EFI_H
#define BOOT_AARCH64_EFI_H

#include "lib/types.h"

typedef u64 efi_status_t;
typedef void *efi_handle_t;

#define EFI_ERROR_BIT ((u64)1 << 63)
#define EFI_ERROR(n)  (EFI_ERROR_BIT | (n))

/* [UEFI] appendix D */
#define EFI_SUCCESS           0
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_BUFFER_TOO_SMALL  EFI_ERROR(5)
#define EFI_NOT_FOUND         EFI_ERROR(14)

struct efi_guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

struct efi_table_header {
	u64 signature;
	u32 revision, size, crc, reserved;
};

enum efi_allocate { EFI_ALLOCATE_ANY = 0, EFI_ALLOCATE_BELOW = 1 };

/* [UEFI] 4.4 "EFI Boot Services Table": 44 functions, by number. */
struct efi_boot_services {
	struct efi_table_header header;
	void *skipped0[2];
	efi_status_t (*allocate_pages)(enum efi_allocate how, u32 type,
				       u64 nr_pages, u64 *pa);  /* 2 */
	void *skipped3[1];
	efi_status_t (*get_memory_map)(u64 *size, void *map, u64 *key,
				       u64 *descriptor_size,
				       u32 *descriptor_version);        /* 4 */
	void *skipped5[11];
	efi_status_t (*handle_protocol)(efi_handle_t handle,
					const struct efi_guid *protocol,
					void **interface);      /* 16 */
	void *skipped17[3];
	efi_status_t (*locate_device_path)(const struct efi_guid *protocol,
					   void **path,
					   efi_handle_t *handle);       /* 20 */
	void *skipped21[5];
	efi_status_t (*exit_boot_services)(efi_handle_t image, u64 key); /* 26 */
	void *skipped27[14];
	void (*copy_mem)(void *dst, const void *src, u64 len);  /* 41 */
	void (*set_mem)(void *dst, u64 len, u8 byte);           /* 42 */
};
static_assert(__builtin_offsetof(struct efi_boot_services, set_mem) ==
		      24 + 42 * 8,
	      "[UEFI] 4.4");

struct efi_text_output {                /* [UEFI] 12.4 */
	void *reset;
	efi_status_t (*output_string)(struct efi_text_output *this,
				      const u16 *text);
};

struct efi_config_table {               /* [UEFI] 4.6 */
	struct efi_guid guid;
	u64 table;                      /* physical */
};

struct efi_system_table {               /* [UEFI] 4.3 */
	struct efi_table_header header;
	const u16 *vendor;
	u64 revision;                   /* 32 bits and padding */
	void *in_handle, *in, *out_handle;
	struct efi_text_output *out;
	void *err_handle, *err, *runtime;
	struct efi_boot_services *boot;
	u64 nr_tables;
	const struct efi_config_table *table;
};
static_assert(__builtin_offsetof(struct efi_system_table, table) == 112,
	      "[UEFI] 4.3");

struct efi_loaded_image {               /* [UEFI] 9.1 */
	u64 skipped[6];
	u32 options_len;                /* bytes */
	const u16 *options;
};
static_assert(__builtin_offsetof(struct efi_loaded_image, options) == 56,
	      "[UEFI] 9.1");

struct efi_load_file2 {                 /* [UEFI] 13.2 */
	efi_status_t (*load_file)(struct efi_load_file2 *this, void *path,
				  bool boot_policy, u64 *len, void *buffer);
};

/* A device path: one vendor's medium, then the end. [UEFI] 10.3 */
struct efi_vendor_path {
	u8 type, subtype;
	u16 len;
	struct efi_guid vendor;
	u8 end_type, end_subtype;
	u16 end_len;
} __packed;
static_assert(sizeof(struct efi_vendor_path) == 24, "[UEFI] 10.3.5.3");

/* From efi_leave.S: MMU and caches off, then the image at `image`. */
void __noreturn efi_leave(u64 image, u64 image_end, u64 handoff,
			  u64 handoff_end, u64 fdt);

efi_status_t efi_entry(efi_handle_t image, struct efi_system_table *systab);

#endif
