/*
 * inih does the parsing; the reader in front of it makes up for what its Debian build (release 55)
 * does silently: it splits lines longer than its buffer and parses the tail as a new line, cuts
 * section names at 49 bytes, takes ':' for '=', drops what follows " ;" in a value, stops a line at
 * a NUL, reports only the first bad line, and does not tell its handler the line. So each raw line
 * is judged here first; inih sees the good ones, and an empty line in place of a bad one.
 */
#include "core/config_ini.h"

#include <ctype.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ini_source {
	const char *file_name;
	const char *origin;
	const char *at; /* next line */
	const char *end;
	unsigned line;
	bool indented;     /* the line under way continues the value before it */
	bool has_key;      /* there is a key in this section that a line could continue */
	bool skip_value;   /* that key was bad or a duplicate: its continuations go with it */
	bool skip_section; /* the section's header was bad: its keys would only repeat that */
	char last_key[CONFIG_INI_LINE_BYTES + 1];
	struct section *section;
	struct settings *settings;
	struct problems *problems;
};

#define ini_problem(source, format, ...) \
	problems_add((source)->problems, "%s:%u: " format, (source)->file_name, (source)->line, \
	    ##__VA_ARGS__)

static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && !name[length] && length < SETTINGS_NAME_BYTES && name[0] >= 'a';
}

/* A section header such as "[service gateway]"; text ends at the line's last non-blank. */
static void ini_open_section(struct ini_source *source, const char *text, size_t length)
{
	char header[CONFIG_INI_LINE_BYTES + 1], kind[16] = "", name[CONFIG_INI_LINE_BYTES + 1] = "";
	bool is_task;
	int end = 0;

	source->section = NULL;
	source->has_key = source->skip_value = false;
	source->skip_section = true;
	snprintf(header, sizeof(header), "%.*s", (int)length, text);
	if (header[length - 1] != ']') {
		ini_problem(source, "section header '%s' without its ']'", header);
		return;
	}
	header[length - 1] = '\0';
	is_task = strncmp(header + 1, "task", 4) == 0;
	if (strcmp(header + 1, "nemoinit") == 0) {
		source->section = settings_get(source->settings, SECTION_NEMOINIT, "");
	} else if (sscanf(header + 1, "%15s %198s%n", kind, name, &end) == 2 &&
		   strcmp(kind, is_task ? "task" : "service") == 0 && !header[1 + end]) {
		if (!is_name(name)) {
			ini_problem(source,
			    "%s name '%s': a letter a-z, then at most 31 of a-z, 0-9 and '-'", kind,
			    name);
			return;
		}
		if (strcmp(name, "main") == 0) {
			ini_problem(source, "%s name 'main' is reserved; choose another", kind);
			return;
		}
		source->section =
		    settings_get(source->settings, is_task ? SECTION_TASK : SECTION_SERVICE, name);
	} else {
		ini_problem(source,
		    "unknown section [%s]; known are [nemoinit], [service NAME], [task NAME]",
		    header + 1);
		return;
	}
	source->skip_section = !source->section;
	if (!source->section)
		ini_problem(source, "too many sections (at most %d)", SETTINGS_SECTIONS_MAX);
	else if (!source->section->line)
		source->section->line = source->line;
}

/* inih would cut the value here: " ;" (and " #", which other readers cut at). */
static bool has_comment_mark(const char *text, size_t length)
{
	for (size_t i = 1; i < length; i++)
		if ((text[i] == ';' || text[i] == '#') && isspace((unsigned char)text[i - 1]))
			return true;
	return false;
}

/* Is this line fit for inih? text is stripped at both ends, length > 0, no comment. */
static bool ini_judge_key_line(struct ini_source *source, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length), *colon = memchr(text, ':', length);

	if (!source->indented) {
		source->has_key = source->skip_value = true;
		if (!equals || equals == text || (colon && colon < equals)) {
			ini_problem(source, "'%.*s' is no KEY = VALUE", (int)length, text);
			return false;
		}
	} else if (!source->has_key) {
		ini_problem(
		    source, "an indented line continues a value, but there is none before it");
		return false;
	} else if (source->skip_value) {
		return false;
	}
	if (has_comment_mark(text, length)) {
		ini_problem(source, "a comment behind a value: give it a line of its own, or write "
				    "\\; or \\# (or no blank before it) for the character");
		source->skip_value = true;
		return false;
	}
	source->skip_value = false;
	return true;
}

/* A line that cannot be looked at more closely; what follows and belongs to it goes with it. */
static bool ini_is_unreadable(struct ini_source *source, const char *line, size_t length)
{
	if (memchr(line, '\0', length))
		ini_problem(source, "a NUL byte in the line; remove it");
	else if (length > CONFIG_INI_LINE_BYTES)
		ini_problem(source,
		    "a line of %zu bytes, at most %d are allowed; continue it on an indented line",
		    length, CONFIG_INI_LINE_BYTES);
	else
		return false;
	source->has_key = source->skip_value = true;
	source->skip_section = source->skip_section || *line == '[';
	return true;
}

/* Judges the raw line; says whether inih may see it. */
static bool ini_judge(struct ini_source *source, const char *line, size_t length)
{
	const char *text = line;

	if (ini_is_unreadable(source, line, length))
		return false;
	while (length && isspace((unsigned char)*text))
		text++, length--;
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	if (!length || *text == ';' || *text == '#')
		return false;
	source->indented = text > line;
	if (*text == '[' && !source->indented) {
		ini_open_section(source, text, length);
		return !source->skip_section;
	}
	if (source->skip_section)
		return false;
	if (!source->section) {
		ini_problem(source, "'%.*s' stands before the first [section]", (int)length, text);
		return false;
	}
	return ini_judge_key_line(source, text, length);
}

/* inih's reader: fgets over memory. */
static char *ini_read_line(char *buffer, int size, void *stream)
{
	struct ini_source *source = stream;
	const char *line = source->at;
	size_t left = (size_t)(source->end - line), length, step, problems;
	const char *newline;

	if (!left)
		return NULL;
	newline = memchr(line, '\n', left);
	length = newline ? (size_t)(newline - line) : left;
	step = newline ? length + 1 : left;
	source->at += step;
	source->line++;
	if (length && line[length - 1] == '\r')
		length--;
	if (source->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3, length -= 3; /* a byte order mark, as editors elsewhere leave it */
	problems = problems_total(source->problems);
	if (!ini_judge(source, line, length))
		length = 0;
	if (source->section && problems_total(source->problems) > problems)
		source->section->has_bad_lines = true;
	snprintf(buffer, (size_t)size, "%.*s\n", (int)length, line);
	return buffer;
}

/*
 * Behind a blank or in front, `\;` and `\#` stand for the bare characters, and with more
 * backslashes one of them goes. Elsewhere the characters need none, and lose none.
 */
static void unescape_comment_marks(char *value)
{
	char *out = value;

	for (const char *at = value, *first = value; *at; first = at) {
		size_t length = strspn(at, "\\");
		bool stands_free = at == value || isspace((unsigned char)first[-1]);

		at += length && stands_free && (at[length] == ';' || at[length] == '#');
		while (at < first + length)
			*out++ = *at++;
		if (*at)
			*out++ = *at++;
	}
	*out = '\0';
}

static int ini_handle(void *data, const char *section, const char *key, const char *value)
{
	struct ini_source *source = data;
	char text[CONFIG_INI_LINE_BYTES + 1], place[300];
	struct setting *old;
	int result;

	(void)section; /* ini_open_section knows it, uncut */
	snprintf(text, sizeof(text), "%s", value);
	unescape_comment_marks(text);
	if (source->indented) {
		result = section_append(source->section, source->last_key, text);
		if (result)
			ini_problem(source, "no memory");
		return 1;
	}
	snprintf(source->last_key, sizeof(source->last_key), "%s", key);
	old = section_find(source->section, key);
	if (old) {
		source->skip_value = true;
		ini_problem(source, "duplicate key '%s', first at %s; keep one", key, old->origin);
		return 1;
	}
	snprintf(place, sizeof(place), "%s:%u", source->file_name, source->line);
	result = section_set(source->section, key, text, source->origin ? source->origin : place);
	source->skip_value = result != 0;
	if (result)
		ini_problem(source, "'%s': too many keys or no memory", key);
	return 1;
}

void config_ini_read(const char *file_name, const char *origin, const char *text,
    size_t length_bytes, struct settings *settings, struct problems *problems)
{
	struct ini_source source = { .file_name = file_name,
		.origin = origin,
		.at = text,
		.end = text + length_bytes,
		.settings = settings,
		.problems = problems };
	int line = ini_parse_stream(ini_read_line, &source, ini_handle, &source);

	if (line && !problems_total(problems))
		problems_add(problems, "%s:%d: cannot be parsed", file_name, line);
}
