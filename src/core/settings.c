#include "core/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *section_kind_to_string(enum section_kind kind)
{
	switch (kind) {
	case SECTION_NEMOINIT: break;
	case SECTION_SERVICE: return "service ";
	case SECTION_TASK: return "task ";
	}
	return "nemoinit";
}

static void setting_deinit(struct setting *setting)
{
	free(setting->key);
	free(setting->value);
	free(setting->origin);
}

void settings_deinit(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		for (size_t k = 0; k < settings->sections[i].count; k++)
			setting_deinit(&settings->sections[i].items[k]);
		free(settings->sections[i].items);
	}
	free(settings->sections);
	*settings = (struct settings){ .sections = NULL };
}

struct section *settings_find(
    const struct settings *settings, enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (settings->sections[i].kind == kind &&
		    strcmp(settings->sections[i].name, name) == 0)
			return &settings->sections[i];
	return NULL;
}

struct section *settings_get(struct settings *settings, enum section_kind kind, const char *name)
{
	struct section *section = settings_find(settings, kind, name), *sections;

	if (section || settings->count >= SETTINGS_SECTIONS_MAX)
		return section;
	sections = realloc(settings->sections, (settings->count + 1) * sizeof(*sections));
	if (!sections)
		return NULL;
	settings->sections = sections;
	section = &sections[settings->count++];
	*section = (struct section){ .kind = kind };
	snprintf(section->name, sizeof(section->name), "%s", name);
	return section;
}

struct setting *section_find(const struct section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (!section->items[i].rejected && strcmp(section->items[i].key, key) == 0)
			return &section->items[i];
	return NULL;
}

int section_set(struct section *section, const char *key, const char *value, const char *origin)
{
	struct setting fresh = {
		.key = strdup(key), .value = strdup(value), .origin = strdup(origin)
	};
	struct setting *old = section_find(section, key), *items;

	if (!fresh.key || !fresh.value || !fresh.origin ||
	    (!old && section->count >= SETTINGS_KEYS_MAX)) {
		setting_deinit(&fresh);
		return section->count >= SETTINGS_KEYS_MAX ? -E2BIG : -ENOMEM;
	}
	if (old) {
		setting_deinit(old);
		*old = fresh;
		return 0;
	}
	items = realloc(section->items, (section->count + 1) * sizeof(*items));
	if (!items) {
		setting_deinit(&fresh);
		return -ENOMEM;
	}
	section->items = items;
	items[section->count++] = fresh;
	return 0;
}

int section_append(struct section *section, const char *key, const char *more)
{
	struct setting *setting = section_find(section, key);
	size_t length = strlen(setting->value), more_bytes = strlen(more) + 1;
	bool joined = length && setting->value[length - 1] == '\\';
	char *value = realloc(setting->value, length + 1 + more_bytes);

	if (!value)
		return -ENOMEM;
	setting->value = value;
	if (joined)
		length--;
	else if (length)
		value[length++] = ' ';
	memcpy(value + length, more, more_bytes);
	return 0;
}
