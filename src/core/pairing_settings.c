#include "core/pairing_settings.h"

#include <stddef.h>
#include <string.h>

#include "util/macros.h"
#include "util/parse.h"

static const struct {
	const char *name;
	size_t offset;
	uint64_t fallback_ms;
	double min_seconds;
	double max_seconds;
	const char *range;
} times[] = {
	{ "NEMOCLAW_AUTO_PAIR_DEADLINE_SECS", offsetof(struct pairing_settings, deadline_ms),
	    28800000, 1, 86400, "1 to 86400" },
	{ "NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS",
	    offsetof(struct pairing_settings, fast_deadline_ms), 600000, 0.05, 86400,
	    "0.05 to 86400" },
	{ "NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS",
	    offsetof(struct pairing_settings, slow_interval_ms), 30000, 0.05, 300, "0.05 to 300" },
	{ "NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS", offsetof(struct pairing_settings, run_timeout_ms),
	    10000, 0.05, 300, "0.05 to 300" },
	{ "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_INTERVAL_SECS",
	    offsetof(struct pairing_settings, reentry_interval_ms), 1000, 0.05, 300,
	    "0.05 to 300" },
	{ "NEMOPAIR_MAX_SKIP_SECS", offsetof(struct pairing_settings, max_skip_ms), 120000, 0, 240,
	    "0 to 240" },
};

static const struct {
	const char *name;
	size_t offset;
} lists[] = {
	{ "NEMOPAIR_ALLOW_CLIENTS", offsetof(struct pairing_rules, clients) },
	{ "NEMOPAIR_ALLOW_MODES", offsetof(struct pairing_rules, modes) },
	{ "NEMOPAIR_ALLOW_SCOPES", offsetof(struct pairing_rules, scopes) },
	{ "NEMOPAIR_ALLOW_BROWSER_SCOPES", offsetof(struct pairing_rules, browser_scopes) },
	{ "NEMOPAIR_ALLOW_ROLES", offsetof(struct pairing_rules, roles) },
};

static const char *find(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++) {
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	}
	return NULL;
}

static void warn(
    struct text *warnings, const char *name, const char *value, const char *range, const char *used)
{
	text_addf(warnings, "%s='", name);
	text_add_printable(warnings, value, strlen(value), 64);
	text_addf(warnings, "' is not %s; using %s\n", range, used);
}

/* Seconds as the user would write them. */
static const char *format_seconds(uint64_t ms, char *ret_buffer, size_t size_bytes)
{
	struct text text;

	text_init(&text, ret_buffer, size_bytes);
	text_addf(&text, "%llu", (unsigned long long)(ms / 1000));
	return ret_buffer;
}

static void read_times(
    struct pairing_settings *settings, char *const *environment, struct text *warnings)
{
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const char *value = find(environment, times[i].name);
		uint64_t ms = times[i].fallback_ms;
		char used[24], range[32];
		struct text text;

		if (value &&
		    parse_seconds_ms(value, times[i].min_seconds, times[i].max_seconds, &ms)) {
			text_init(&text, range, sizeof(range));
			text_addf(&text, "%s seconds", times[i].range);
			warn(warnings, times[i].name, value, range,
			    format_seconds(ms, used, sizeof(used)));
		} else if (value &&
			   times[i].offset == offsetof(struct pairing_settings, run_timeout_ms)) {
			settings->run_timeout_is_set = true;
		}
		memcpy((char *)settings + times[i].offset, &ms, sizeof(ms));
	}
}

/* value without the blanks around it; "" when it does not fit. */
static void trim(const char *value, char *ret_buffer, size_t size_bytes)
{
	static const char blanks[] = " \t\r\n\v\f";
	const char *start = value + strspn(value, blanks);
	size_t length = strlen(start);

	while (length && strchr(blanks, start[length - 1]))
		length--;
	if (length >= size_bytes)
		length = 0;
	memcpy(ret_buffer, start, length);
	ret_buffer[length] = '\0';
}

static void read_reentry_polls(
    struct pairing_settings *settings, char *const *environment, struct text *warnings)
{
	static const char name[] = "NEMOCLAW_AUTO_PAIR_FAST_REENTRY_POLLS";
	const char *value = find(environment, name);
	char trimmed[32];

	settings->reentry_polls = 5;
	if (!value)
		return;
	trim(value, trimmed, sizeof(trimmed));
	if (parse_count(trimmed, 1, 1728000, &settings->reentry_polls))
		warn(warnings, name, value, "a whole number, 1 to 1728000", "5");
}

void pairing_settings_init(
    struct pairing_settings *settings, char *const *environment, struct text *warnings)
{
	const char *remote = find(environment, "NEMOPAIR_ALLOW_REMOTE");

	*settings = (struct pairing_settings){ .run_timeout_is_set = false };
	read_times(settings, environment, warnings);
	read_reentry_polls(settings, environment, warnings);
	pairing_rules_init(&settings->rules);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const char *value = find(environment, lists[i].name);

		if (value)
			memcpy((char *)&settings->rules + lists[i].offset, &value, sizeof(value));
	}
	if (remote && parse_bool(remote, &settings->rules.allow_remote))
		warn(warnings, "NEMOPAIR_ALLOW_REMOTE", remote, "yes or no", "no");
}
