/*
 * The reply to an upgrade. Its first byte says what is expected, its second where the first read
 * ends; a verdict on that is final.
 */
#include "fuzz.h"

#include <errno.h>

#include "core/ws_reply.h"

static int judge(const char *reply, size_t length, bool is_end, const char *expect)
{
	struct error error = { .message = "" };
	char *exact = malloc(length + !length);
	int result;

	must(exact);
	memcpy(exact, reply, length);
	result = ws_reply_judge(exact, length, is_end, expect, &error);
	must(result == 1 || result == -EPROTO || result == -EBADMSG || result == -ENOMSG ||
	     (result == 0 && !is_end));
	must(is_line(error.message) && (error.message[0] != '\0') == (result < 0));
	free(exact);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
	struct bytes bytes = { data, size };
	const char *expect = take(&bytes, 2) ? "hello" : NULL, *reply;
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
	if (end == 1) {
		must(memcmp(reply, "HTTP/1.", 7) == 0 && memcmp(reply + 8, " 101", 4) == 0);
		must(memmem(reply, length, accept, strlen(accept)));
		must(!expect || memmem(reply, length, expect, strlen(expect)));
	}
	return 0;
}
