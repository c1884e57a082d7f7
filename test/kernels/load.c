/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the running kernel's verifier about every program of BPF objects, one by one:
 *   load OBJECT [SETTING=NUMBER ...] [OBJECT ...]
 * Settings are variables of .rodata, which the verifier takes for constants: code behind a
 * switch that is off is never verified, so a kernel is asked with the switches it will get.
 * Prints a line for each program and the count line of test/lib.sh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

static char verifier_log[1 << 24];
static unsigned int passed, failed;

static int print_nothing(enum libbpf_print_level level, const char *format, va_list list)
{
	return 0;
}

/* SETTING=NUMBER into the object's .rodata; false when it has no such variable. */
static bool apply_setting(struct bpf_object *object, const char *setting)
{
	size_t name_length = strcspn(setting, "="), rodata_size;
	unsigned long long number = strtoull(setting + name_length + 1, NULL, 0);
	struct btf *btf = bpf_object__btf(object);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	const struct btf_var_secinfo *info;
	const struct btf_type *type;
	char *rodata;

	if (section < 0 || !map)
		return false;
	rodata = (char *)bpf_map__initial_value(map, &rodata_size);
	type = btf__type_by_id(btf, section);
	info = btf_var_secinfos(type);
	for (int i = 0; rodata && i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		const char *name = btf__name_by_offset(btf, var->name_off);

		if (strncmp(name, setting, name_length) || name[name_length])
			continue;
		if (info->size > sizeof(number) || info->offset + info->size > rodata_size)
			return false;
		memcpy(rodata + info->offset, &number, info->size); /* little-endian hosts */
		return true;
	}
	return false;
}

static void print_accepted(const char *name, const char *variant, int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
		printf("FAIL %s%s: no information: %s\n", name, variant, strerror(errno));
		failed++;
		return;
	}
	printf("ok   %s%s: %u instructions verified, %u in the program, %u bytes of code\n",
	       name, variant, info.verified_insns, info.xlated_prog_len / 8,
	       info.jited_prog_len);
	passed++;
}

static void print_refused(const char *name, const char *variant, int error)
{
	size_t length = strlen(verifier_log), tail = length > 4000 ? length - 4000 : 0;

	printf("FAIL %s%s: %s\n%s\n", name, variant, strerror(error), verifier_log + tail);
	failed++;
}

/* Loads the object with its program number WANTED alone. False when it has not that many. */
static bool load_program(const char *path, char **settings, int setting_count, int wanted)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log)); /* written on refusal only */
	struct bpf_object *object = bpf_object__open_file(path, &opts);
	struct bpf_program *program = NULL, *asked = NULL;
	const char *variant = setting_count ? " (settings on)" : "";
	int number = 0;

	if (!object) {
		print_refused(path, ": cannot be opened", errno);
		return false;
	}
	while ((program = bpf_object__next_program(object, program))) {
		bpf_program__set_autoload(program, number == wanted);
		if (number++ == wanted)
			asked = program;
	}
	for (int i = 0; asked && i < setting_count; i++) {
		if (apply_setting(object, settings[i]))
			continue;
		printf("FAIL %s: no such setting: %s\n", path, settings[i]);
		failed++;
		asked = NULL;
	}
	if (asked) {
		verifier_log[0] = '\0';
		if (bpf_object__load(object))
			print_refused(bpf_program__name(asked), variant, errno);
		else
			print_accepted(bpf_program__name(asked), variant,
				       bpf_program__fd(asked));
	}
	bpf_object__close(object);
	return asked != NULL;
}

int main(int argc, char **argv)
{
	libbpf_set_print(print_nothing);
	for (int i = 1, settings; i < argc; i += 1 + settings) {
		int number = 0;

		for (settings = 0; i + 1 + settings < argc; settings++) {
			if (!strchr(argv[i + 1 + settings], '='))
				break;
		}
		while (load_program(argv[i], argv + i + 1, settings, number))
			number++;
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
