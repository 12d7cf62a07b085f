#include "core/drift.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	DRIFT_TEXT_BYTES = 65536, /* of an answer that are looked through */
	DRIFT_SHOWN_BYTES = 512,  /* of a path, an image or an action */
};

static size_t digits_length(const char *at)
{
	return strspn(at, "0123456789");
}

/* Length of the x.y.z at the beginning of text; 0: there is none. */
static size_t version_length(const char *text)
{
	size_t length = 0;

	for (int part = 0; part < 3; part++) {
		size_t digits;

		if (part && text[length++] != '.')
			return 0;
		digits = digits_length(text + length);
		if (!digits)
			return 0;
		length += digits;
	}
	if (text[length] == '.' && isdigit((unsigned char)text[length + 1]))
		return 0;
	return length < DRIFT_VERSION_BYTES ? length : 0;
}

bool drift_find_version(const char *text, size_t length_bytes, char *ret_version)
{
	struct text bare;
	bool is_found = false;
	size_t length;

	text_init_heap(&bare, DRIFT_TEXT_BYTES);
	text_add_bare(&bare, text, length_bytes);
	for (size_t at = 0; !is_found && at < bare.length_bytes;) {
		length = version_length(bare.data + at);
		is_found = length > 0;
		if (is_found)
			snprintf(
			    ret_version, DRIFT_VERSION_BYTES, "%.*s", (int)length, bare.data + at);
		/* A number is tried at its beginning only, and with all that hangs on it. */
		at += isdigit((unsigned char)bare.data[at]) ? strspn(bare.data + at, "0123456789.")
							    : 1;
	}
	text_deinit(&bare);
	return is_found;
}

void drift_read_image(const char *reference, struct drift_side *ret_side)
{
	struct drift_side side = { .version = "" };
	const char *name = strrchr(reference, '/'), *tag;

	tag = strchr(name ? name : reference, ':'); /* not the port of the registry */
	if (strchr(reference, '@'))
		snprintf(side.reason, sizeof(side.reason), "a digest tells no version");
	else if (!tag)
		snprintf(side.reason, sizeof(side.reason), "it has no tag");
	else if (!drift_find_version(tag + 1, strlen(tag + 1), side.version))
		snprintf(side.reason, sizeof(side.reason), "its tag tells no version");
	*ret_side = side;
}

enum drift_verdict drift_judge(const struct drift *drift)
{
	if (drift->is_replaced)
		return DRIFT_FOUND;
	if (!drift->installed.version[0] || !drift->running.version[0])
		return DRIFT_UNKNOWN;
	return strcmp(drift->installed.version, drift->running.version) == 0 ? DRIFT_NONE
									     : DRIFT_FOUND;
}

static void add_shown(struct text *text, const char *words)
{
	text_add_printable(text, words, strlen(words), DRIFT_SHOWN_BYTES);
}

/* `0.0.43`, or `unknown` and why; ahead and behind stand around the reason. */
static void add_version(
    struct text *text, const struct drift_side *side, const char *ahead, const char *behind)
{
	if (side->version[0]) {
		text_add(text, side->version);
		return;
	}
	text_addf(text, "unknown%s", ahead);
	add_shown(text, side->reason);
	text_add(text, behind);
}

/* `Installed …` and `Running …`. */
static void add_sides(struct text *text, const struct drift *drift)
{
	const char *running = drift->image ? drift->image : drift->binary;

	text_add(text, "Installed OpenShell: ");
	add_version(text, &drift->installed, " (", ")");
	text_add(text, "\nRunning gateway image: ");
	if (!drift->image)
		text_add(text, "none (host process)\nRunning gateway binary: ");
	if (running) {
		add_shown(text, running);
		text_add(text, " (");
		add_version(text, &drift->running, ": ", "");
		text_add(text, ")\n");
	} else {
		add_version(text, &drift->running, " (", ")");
		text_add(text, "\n");
	}
	if (drift->note) {
		add_shown(text, drift->note);
		text_add(text, "\n");
	}
}

void drift_format(const struct drift *drift, struct text *text)
{
	const char *name = drift->image ? drift->image : drift->binary;

	switch (drift_judge(drift)) {
	case DRIFT_NONE:
		text_addf(text, "OpenShell and its gateway are both %s", drift->installed.version);
		if (name) {
			text_add(text, ": ");
			add_shown(text, name);
		}
		text_add(text, "\n");
		return;
	case DRIFT_UNKNOWN:
		text_add(text,
		    "Whether OpenShell and its gateway are of one version is unknown before ");
		add_shown(text, drift->action);
		text_add(text, ".\n");
		add_sides(text, drift);
		return;
	case DRIFT_FOUND:
		text_add(text, "OpenShell gateway schema preflight failed before ");
		add_shown(text, drift->action);
		text_add(text, ".\n");
		add_sides(text, drift);
		text_add(text,
		    "Refusing to trust OpenShell sandbox state while the host CLI and gateway "
		    "schema may be out of sync.\n"
		    "No sandbox data was changed.\n"
		    "Run `nemoclaw onboard --resume` to repair or recreate the NemoClaw "
		    "gateway.\n");
		return;
	}
}
