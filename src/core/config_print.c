/* --print-config: every key with its value and where that came from, as a file that reads back. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/config_build.h"
#include "core/config_ini.h"
#include "core/config_keys.h"
#include "core/redact.h"
#include "util/text.h"

/* A variable whose value is shown as ***. */
static bool is_secret(const char *key)
{
	const char *name = strncmp(key, "env.", 4) == 0 ? key + 4 : "";

	return redact_is_secret_name(name, strlen(name));
}

/*
 * Bytes of value that are not to be torn apart by a line end: a character with the backslashes
 * before it that a comment mark makes special, and the white space behind it, which would go.
 */
static size_t piece_length(const char *value)
{
	size_t length = strspn(value, "\\");

	if (length >= CONFIG_INI_LINE_BYTES / 2 || (value[length] != ';' && value[length] != '#'))
		length = 0;
	length++;
	while ((value[length] & 0xc0) == 0x80)
		length++;
	return length + strspn(value + length, " \t\r\v\f");
}

/* Would the reader take a backslash away from this piece, at a line's start or behind a blank? */
static bool is_escape(const char *value, size_t length)
{
	size_t at = strspn(value, "\\");

	return at < length && (value[at] == ';' || value[at] == '#');
}

/* `key = value`, wrapped by continuation lines (`\` at the end joins without a blank). */
static void print_value(struct text *out, const char *key, const char *value)
{
	const char *equals = strlen(key) + 4 > CONFIG_INI_LINE_BYTES ? "=" : " = ";
	size_t line_bytes = strlen(key) + strlen(equals), length;
	bool stands_free = true;

	text_addf(out, "%s%s", key, equals);
	for (; *value; value += length) {
		length = piece_length(value);
		/* with a backslash for a mark and one for the line end */
		if (line_bytes + length + 2 > CONFIG_INI_LINE_BYTES) {
			text_add(out, "\\\n\t");
			line_bytes = 1;
			stands_free = true;
		}
		if (stands_free && is_escape(value, length)) {
			text_add(out, "\\");
			line_bytes++;
		}
		text_add_bytes(out, value, length);
		line_bytes += length;
		stands_free = isspace((unsigned char)value[length - 1]);
	}
	text_add(out, "\n");
}

/* How many ${ have no }. */
static size_t count_open(const char *at)
{
	size_t open = 0;

	for (; *at; at++) {
		if (at[0] == '$' && (at[1] == '{' || at[1] == '$'))
			open += *++at == '{';
		else if (*at == '}' && open)
			open--;
	}
	return open;
}

/* A mask may have taken the } of a reference with it: it is put behind the mask. */
static void add_closed(struct text *out, const char *value)
{
	const char *mask;

	for (size_t open = count_open(value); open && (mask = strstr(value, "***")); open--) {
		text_add_bytes(out, value, (size_t)(mask + 3 - value));
		text_add(out, "}");
		value = mask + 3;
	}
	text_add(out, value);
}

static void print_key(struct text *out, const char *key, const char *value, const char *origin)
{
	struct text masked, closed;

	text_init_heap(&masked, 16 << 20);
	text_init_heap(&closed, 16 << 20);
	if (redact_line(NULL, value, strlen(value), &masked)) {
		add_closed(&closed, masked.data && !masked.truncated ? masked.data : "***");
		value = closed.data && !closed.truncated ? closed.data : "***";
	}
	print_value(out, key, is_secret(key) ? "***" : value);
	text_addf(out, "; %s\n", origin);
	text_deinit(&masked);
	text_deinit(&closed);
}

/* It has been expanded, or never was to be: its $ stand for themselves. */
static void print_path(struct text *out, const char *path)
{
	struct text escaped;

	text_init_heap(&escaped, WORDS_VALUE_BYTES * 2);
	text_add(&escaped, "");
	for (; *path; path++)
		text_add_bytes(&escaped, *path == '$' ? "$$" : path, *path == '$' ? 2 : 1);
	if (escaped.data)
		print_key(out, "path", escaped.data, "default");
	text_deinit(&escaped);
}

static const struct setting *layered(
    const struct config *config, const struct section *section, const char *key)
{
	const struct section *over =
	    settings_find(&config->environment_settings, section->kind, section->name);
	const struct setting *setting = over ? section_find(over, key) : NULL;

	return setting ? setting : section_find(section, key);
}

/* service: NULL for [nemoinit]. */
static void print_section(struct text *out, const struct config *config,
    const struct section *section, const struct service_config *service)
{
	size_t count;
	const struct config_key *keys = config_keys(section->kind, &count);
	char port[8];

	snprintf(port, sizeof(port), "%u", config->gateway_port);
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = layered(config, section, keys[i].name);
		const char *fallback = config_key_fallback(&keys[i], service);

		/* `auto` is no answer to the question which port it is. */
		if (strcmp(keys[i].name, "gateway_port") == 0 &&
		    (!setting || strcmp(setting->value, "auto") == 0))
			print_key(out, keys[i].name, port, config->gateway_port_origin);
		else if (strcmp(keys[i].name, "path") == 0 && !setting)
			print_path(out, config->path);
		else if (setting)
			print_key(out, keys[i].name, setting->value, setting->origin);
		else if (fallback)
			print_key(out, keys[i].name, fallback, "default");
		else
			text_addf(out, "; %s is not set\n", keys[i].name);
	}
	for (size_t i = 0; i < section->count; i++)
		if (config_key_is_free(section->items[i].key))
			print_key(out, section->items[i].key, section->items[i].value,
			    section->items[i].origin);
}

/* No file can hold the section of the command line: as comments. */
static void print_command(struct text *out, const struct config *config,
    const struct section *section, const struct service_config *service)
{
	struct text lines;
	char *rest, *line;

	text_init_heap(&lines, 16 << 20);
	print_section(&lines, config, section, service);
	rest = lines.data;
	text_addf(out, "\n; [service %s]\n", section->name);
	while ((line = strsep(&rest, "\n")))
		if (line[0])
			text_addf(out, "%s%s\n", line[0] == ';' ? "" : "; ", line);
	out->truncated = out->truncated || lines.truncated;
	text_deinit(&lines);
}

char *config_print(const struct config *config)
{
	const struct section empty = { .kind = SECTION_NEMOINIT };
	const struct settings *settings = &config->file_settings;
	const struct section *nemoinit = settings_find(settings, SECTION_NEMOINIT, "");
	struct text out;

	text_init_heap(&out, 16 << 20);
	text_add(&out, "[nemoinit]\n");
	print_section(&out, config, nemoinit ? nemoinit : &empty, NULL);
	for (size_t i = 0; i < settings->count; i++) {
		const struct section *section = &settings->sections[i];
		int place = section->kind == SECTION_SERVICE
				? config_find_service(config, section->name)
				: -1;

		if (section->kind == SECTION_NEMOINIT)
			continue;
		if (place >= 0 && config->services[place].is_main) {
			print_command(&out, config, section, &config->services[place]);
			continue;
		}
		text_addf(&out, "\n[%s%s]\n", section_kind_to_string(section->kind), section->name);
		if (place >= 0 && config->services[place].is_skipped_by_environment)
			text_add(&out, "; disabled: environment NEMOCLAW_SKIP_AUTO_PAIR\n");
		print_section(&out, config, section, place < 0 ? NULL : &config->services[place]);
	}
	return out.truncated ? (text_deinit(&out), NULL) : out.data;
}
