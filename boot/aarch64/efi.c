/* SPDX-License-Identifier: MIT */
/*
 * The UEFI stub: the kernel as a UEFI application, until it is alone.
 *
 *   firmware ─► efi_entry()   memory to move into
 *                   │         the initrd, if somebody offers one
 *                   │         a block for the handoff; tables, command line
 *                   │         the memory map, ExitBootServices()
 *                   ▼                              (from here on no firmware)
 *             efi_leave()     copies clean, MMU off ─► image's first byte
 *
 * Firmware loads the image at any page and the kernel wants 2 MiB aligned, so
 * it is copied in any case: one way, taken at every boot. The stub itself
 * stays where it is; the first copy is EfiLoaderCode, which the kernel gets
 * back as RAM.
 *
 * This runs in the firmware's identity map at an address nobody knew when it
 * was linked: PC-relative addresses only, no table with pointers in it, and
 * nothing of the kernel called, whose text may not be executable yet.
 * Until ExitBootServices() every failure is one line on the console and the way
 * back to the firmware; pages that were allocated by then stay so.
 *
 * [UEFI] 2.3.6 "AArch64 Platforms", 7.2 "Memory Allocation Services", 7.4.6
 * "EFI_BOOT_SERVICES.ExitBootServices()"
 */
#include "boot/aarch64/efi.h"

#include "arch/image.h"
#include "boot/aarch64/efi_handoff.h"

#define IMAGE_ALIGN   MIB(2)            /* [arm64boot] */
#define MAP_SLACK     32                /* descriptors that allocations may add */
#define EXIT_TRIES    4
#define LINE_MAX      64                /* of an error, characters */

enum { EFI_LOADER_DATA = 2 };           /* [UEFI] 7.2.1, memory types */

static const struct efi_guid efi_guid_loaded_image = {
	0x5b1b31a1, 0x9562, 0x11d2,
	{ 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};
static const struct efi_guid efi_guid_load_file2 = {
	0x4006c0c1, 0xfcb3, 0x403e,
	{ 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d }
};
static const struct efi_guid efi_guid_acpi = {  /* of ACPI 2.0 and later */
	0x8868e871, 0xe4f1, 0x11d3,
	{ 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 }
};
static const struct efi_guid efi_guid_fdt = {
	0xb1b621d5, 0xf19c, 0x41a5,
	{ 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 }
};

/* The medium on which loaders that know Linux put the initrd. */
static const struct efi_vendor_path efi_initrd_path = {
	.type = 4, .subtype = 3, .len = 20,
	.vendor = { 0x5568e427, 0x68fc, 0x4f3d,
		    { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 } },
	.end_type = 0x7f, .end_subtype = 0xff, .end_len = 4,
};

struct efi_stub {
	efi_handle_t image;
	struct efi_system_table *systab;
	struct efi_boot_services *boot;
	struct efi_loaded_image *loaded;
	u64 kernel, kernel_end;         /* the aligned copy, physical */
	u64 initrd, initrd_end;
	u64 map_room;                   /* bytes for the memory map */
	struct efi_handoff *handoff;
};

static struct efi_stub efi_stub __initdata;

/* Appends text to line, in the console's UTF-16, and ends it with a NUL. */
static u32 __init efi_put(u16 line[LINE_MAX], u32 len, const char *text)
{
	while (*text && len < LINE_MAX - 1)
		line[len++] = (u8)*text++;
	line[len] = 0;
	return len;
}

/* One line on the firmware's console; status, for the way back. */
static efi_status_t __init efi_fail(struct efi_stub *s, const char *why,
				    efi_status_t status)
{
	struct efi_text_output *out = s->systab->out;
	u16 line[LINE_MAX];
	u32 len = efi_put(line, 0, "Quire: ");

	len = efi_put(line, len, why);
	efi_put(line, len, "\r\n");
	if (out)
		out->output_string(out, line);
	return status;
}

static efi_status_t __init efi_alloc(struct efi_stub *s, u64 len, u64 *pa)
{
	return s->boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA,
				       DIV_ROUND_UP(len, PAGE_SIZE), pa);
}

/* The kernel's image, all of it, once more at a place it can run at. */
static efi_status_t __init efi_copy_image(struct efi_stub *s)
{
	u64 len = (u64)(_image_end - _image_start), pa;
	efi_status_t status = efi_alloc(s, len + IMAGE_ALIGN, &pa);

	if (status)
		return efi_fail(s, "no memory for the kernel", status);
	s->kernel = ALIGN_UP(pa, IMAGE_ALIGN);
	s->kernel_end = s->kernel + len;
	s->boot->copy_mem((void *)s->kernel, _image_start, len);
	return EFI_SUCCESS;
}

/* A loader without an initrd offers no such medium: no error. */
static efi_status_t __init efi_load_initrd(struct efi_stub *s)
{
	void *path = (void *)(uintptr_t)&efi_initrd_path, *interface;
	struct efi_load_file2 *file;
	efi_handle_t handle;
	efi_status_t status;
	u64 len = 0, pa;

	if (s->boot->locate_device_path(&efi_guid_load_file2, &path, &handle) ||
	    s->boot->handle_protocol(handle, &efi_guid_load_file2, &interface))
		return EFI_SUCCESS;
	file = interface;
	status = file->load_file(file, path, false, &len, NULL);
	if (status == EFI_NOT_FOUND || (status == EFI_SUCCESS && len == 0))
		return EFI_SUCCESS;
	if (status == EFI_BUFFER_TOO_SMALL)
		status = efi_alloc(s, len, &pa);
	if (!status)
		status = file->load_file(file, path, false, &len, (void *)pa);
	if (status)
		return efi_fail(s, "the initrd cannot be loaded", status);
	s->initrd = pa;
	s->initrd_end = pa + len;
	return EFI_SUCCESS;
}

/* What one descriptor takes, and how many bytes the map takes by now. */
static efi_status_t __init efi_map_size(struct efi_stub *s, u64 *len,
					u64 *descriptor)
{
	u32 version;
	u64 key;

	*len = 0;
	return s->boot->get_memory_map(len, NULL, &key, descriptor, &version);
}

/* The block, empty but for its layout: head, options, room for the map. */
static efi_status_t __init efi_alloc_handoff(struct efi_stub *s)
{
	u64 map_at = ALIGN_UP(sizeof(*s->handoff) + s->loaded->options_len, 8);
	u64 len, descriptor, pa;
	efi_status_t status = efi_map_size(s, &len, &descriptor);

	if (status == EFI_BUFFER_TOO_SMALL) {
		s->map_room = len + MAP_SLACK * descriptor;
		status = efi_alloc(s, map_at + s->map_room, &pa);
	}
	if (status)
		return efi_fail(s, "no memory for the handoff", status);
	s->handoff = (void *)pa;
	s->boot->set_mem(s->handoff, map_at, 0);
	s->handoff->magic = EFI_HANDOFF_MAGIC;
	s->handoff->size = map_at + s->map_room;
	s->handoff->options_at = sizeof(*s->handoff);
	s->handoff->map_at = (u32)map_at;
	return EFI_SUCCESS;
}

static bool __init efi_guid_is(const struct efi_guid *a,
			       const struct efi_guid *b)
{
	const u8 *x = (const u8 *)a, *y = (const u8 *)b;
	size_t i;

	for (i = 0; i < sizeof(*a); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* The firmware's tables by their GUIDs; 0: there is none. */
static u64 __init efi_find_table(const struct efi_system_table *systab,
				 const struct efi_guid *guid)
{
	u64 i;

	for (i = 0; i < systab->nr_tables; i++)
		if (efi_guid_is(&systab->table[i].guid, guid))
			return systab->table[i].table;
	return 0;
}

/* All of the block but the memory map. */
static void __init efi_fill_handoff(struct efi_stub *s)
{
	const struct efi_system_table *systab = s->systab;
	struct efi_handoff *h = s->handoff;
	u32 i;

	h->systab = (u64)systab;
	h->rsdp = efi_find_table(systab, &efi_guid_acpi);
	h->fdt = efi_find_table(systab, &efi_guid_fdt);
	h->initrd_start = s->initrd;
	h->initrd_end = s->initrd_end;
	h->options_len = s->loaded->options_len;
	s->boot->copy_mem((u8 *)h + h->options_at, s->loaded->options,
			  h->options_len);
	for (i = 0; i < EFI_HANDOFF_VENDOR_MAX - 1; i++) {
		h->vendor[i] = systab->vendor ? systab->vendor[i] : 0;
		if (!h->vendor[i])
			break;
	}
}

/*
 * The map changes with every allocation, and the firmware lets go only of who
 * has seen its last state. After the first refusal only memory services are
 * left, no console: a failure is silent.
 */
static efi_status_t __init efi_exit(struct efi_stub *s)
{
	struct efi_handoff *h = s->handoff;
	efi_status_t status = EFI_INVALID_PARAMETER;
	u64 key, len = 0, descriptor = 0;
	u32 i, version;

	for (i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
		len = s->map_room;
		status = s->boot->get_memory_map(&len, (u8 *)h + h->map_at,
						 &key, &descriptor, &version);
		if (status)
			return i ? status
				 : efi_fail(s, "no memory map", status);
		status = s->boot->exit_boot_services(s->image, key);
	}
	h->map_len = (u32)len;
	h->descriptor_size = (u32)descriptor;
	return status;
}

/**
 * efi_entry() - the firmware starts the image as an application
 *
 * image is our handle, systab the firmware's own table.
 * Context: UEFI boot services, EL1 or EL2, identity map. Return: only with an
 * error. Ref: [UEFI] 4.1 "UEFI Image Entry Point"
 */
efi_status_t __init efi_entry(efi_handle_t image,
			      struct efi_system_table *systab)
{
	struct efi_stub *s = &efi_stub;
	efi_status_t status;
	void *interface;

	s->image = image;
	s->systab = systab;
	s->boot = systab->boot;
	status = s->boot->handle_protocol(image, &efi_guid_loaded_image,
					  &interface);
	if (status)
		return efi_fail(s, "firmware forgot who we are", status);
	s->loaded = interface;
	status = efi_copy_image(s);
	if (!status)
		status = efi_load_initrd(s);
	if (!status)
		status = efi_alloc_handoff(s);
	if (status)
		return status;
	efi_fill_handoff(s);
	status = efi_exit(s);
	if (status)
		return status;
	efi_leave(s->kernel, s->kernel_end, (u64)s->handoff,
		  (u64)s->handoff + s->handoff->size, s->handoff->fdt);
}
