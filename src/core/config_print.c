/* --print-config: every key with its value and where that came from, as a file that reads back. */
#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/config_ini.h"
#include "core/config_keys.h"
#include "util/macros.h"
#include "util/text.h"

/* A secret by its name: what ends like this is shown as ***. */
static bool is_secret(const char *key)
{
	static const char *const endings[] = { "_TOKEN", "_KEY", "_SECRET", "_PASSWORD" };
	size_t length = strlen(key);

	for (size_t i = 0; strncmp(key, "env.", 4) == 0 && i < ARRAY_LEN(endings); i++)
		if (length > strlen(endings[i]) &&
		    strcmp(key + length - strlen(endings[i]), endings[i]) == 0)
			return true;
	return false;
}

/*
 * One character of a value as INI wants it: a comment mark behind a blank needs its backslash.
 * Returns how many bytes were written to out.
 */
static size_t escape(const char *value, size_t at, char out[2])
{
	bool mark = (value[at] == ';' || value[at] == '#') &&
		    (at == 0 || value[at - 1] == ' ' || value[at - 1] == '\t');

	out[0] = mark ? '\\' : value[at];
	out[1] = value[at];
	return mark ? 2 : 1;
}

/* `key = value`, wrapped by continuation lines (`\` at the end joins without a blank). */
static void print_value(struct text *out, const char *key, const char *value)
{
	size_t column = strlen(key) + 3;

	text_addf(out, "%s = ", key);
	for (size_t at = 0; value[at]; at++) {
		char bytes[2];
		size_t length = escape(value, at, bytes);

		if (column + length + 1 > CONFIG_INI_LINE_BYTES && value[at] != ' ' &&
		    value[at - 1] != ' ') {
			text_add(out, "\\\n\t");
			column = 8;
		}
		text_add_bytes(out, bytes, length);
		column += length;
	}
	text_add(out, "\n");
}

static void print_key(struct text *out, const char *key, const char *value, const char *origin)
{
	print_value(out, key, is_secret(key) ? "***" : value);
	text_addf(out, "; %s\n", origin);
}

static const struct setting *layered(
    const struct config *config, const struct section *section, const char *key)
{
	const struct section *over =
	    settings_find(&config->environment_settings, section->kind, section->name);
	const struct setting *setting = over ? section_find(over, key) : NULL;

	return setting ? setting : section_find(section, key);
}

static void print_section(
    struct text *out, const struct config *config, const struct section *section)
{
	size_t count;
	const struct config_key *keys = config_keys(section->kind, &count);
	char port[8];

	snprintf(port, sizeof(port), "%u", config->gateway_port);
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = layered(config, section, keys[i].name);

		/* `auto` is no answer to the question which port it is. */
		if (strcmp(keys[i].name, "gateway_port") == 0 &&
		    (!setting || strcmp(setting->value, "auto") == 0))
			print_key(out, keys[i].name, port, config->gateway_port_origin);
		else if (strcmp(keys[i].name, "path") == 0 && !setting)
			print_key(out, keys[i].name, config->path, "default");
		else if (setting)
			print_key(out, keys[i].name, setting->value, setting->origin);
		else if (keys[i].fallback)
			print_key(out, keys[i].name, keys[i].fallback, "default");
	}
	for (size_t i = 0; i < section->count; i++)
		if (strncmp(section->items[i].key, "env.", 4) == 0)
			print_key(out, section->items[i].key, section->items[i].value,
			    section->items[i].origin);
}

char *config_print(const struct config *config)
{
	const struct section empty = { .kind = SECTION_NEMOINIT };
	const struct settings *settings = &config->file_settings;
	const struct section *nemoinit = settings_find(settings, SECTION_NEMOINIT, "");
	struct text out;

	text_init_heap(&out, 16 << 20);
	text_add(&out, "[nemoinit]\n");
	print_section(&out, config, nemoinit ? nemoinit : &empty);
	for (size_t i = 0; i < settings->count; i++) {
		const struct section *section = &settings->sections[i];
		int place = config_find_service(config, section->name);

		if (section->kind != SECTION_SERVICE)
			continue;
		text_addf(&out, "\n[service %s]\n", section->name);
		if (place >= 0 && config->services[place].is_skipped_by_environment)
			text_add(&out, "; disabled: environment NEMOCLAW_SKIP_AUTO_PAIR\n");
		print_section(&out, config, section);
	}
	return out.truncated ? (text_deinit(&out), NULL) : out.data;
}
