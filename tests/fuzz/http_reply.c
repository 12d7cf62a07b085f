/*
 * The reply of whoever listens where the gateway should. Its first byte says what is expected, its
 * second where the first read ends; a verdict on that is final.
 */
#include "fuzz.h"

#include <errno.h>

#include "core/http_reply.h"

static const struct status_codes codes = { .items = { 200, 401, 503 } };

static int judge(const char *reply, size_t length, bool is_end, const char *expect)
{
	char *copy = copy_text((const uint8_t *)reply, length);
	struct error error = { .message = "" };
	char *exact = malloc(length + !length);
	int result;

	must(exact);
	memcpy(exact, copy, length);
	free(copy);
	result = http_reply_judge(exact, length, is_end, &codes, expect, &error);
	must(result == 1 || result == -EPROTO || result == -EBADMSG || result == -ENOMSG ||
	     (result == 0 && !is_end));
	must(is_line(error.message) && (error.message[0] != '\0') == (result < 0));
	free(exact);
	return result;
}

/* A yes has reasons that can be seen. */
static void check_yes(const char *reply, size_t length, const char *expect)
{
	bool is_expected = !expect || memcmp(reply + 9, "200", 3) != 0 ||
			   memmem(reply, length, expect, strlen(expect));

	must(length >= 12 && memcmp(reply, "HTTP/1.", 7) == 0 && is_expected);
	must(memcmp(reply + 9, "200", 3) == 0 || memcmp(reply + 9, "401", 3) == 0 ||
	     memcmp(reply + 9, "503", 3) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	const char *expect = take(&bytes, 2) ? "\"ok\":true" : NULL, *reply;
	size_t first = take(&bytes, 256), length = bytes.left;
	int early, late, end;

	if (first > length)
		first = length;
	reply = (const char *)bytes.at;
	early = judge(reply, first, false, expect);
	late = judge(reply, length, false, expect);
	end = judge(reply, length, true, expect);
	must(!early || early == late);
	must(!late || late == end);
	if (end == 1)
		check_yes(reply, length, expect);
	return 0;
}
