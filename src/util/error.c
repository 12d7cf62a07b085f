#include "util/error.h"

#include <stdarg.h>
#include <string.h>

#include "util/text.h"

int error_set(struct error *error, int code, const char *format, ...)
{
	struct text message;
	va_list arguments;

	if (!error)
		return code;
	error->code = code;
	text_init(&message, error->message, sizeof(error->message));
	va_start(arguments, format);
	text_addv(&message, format, arguments);
	va_end(arguments);
	return code;
}

int error_prefix(struct error *error, const char *format, ...)
{
	char rest[sizeof(error->message)];
	struct text message;
	va_list arguments;

	memcpy(rest, error->message, sizeof(rest));
	text_init(&message, error->message, sizeof(error->message));
	va_start(arguments, format);
	text_addv(&message, format, arguments);
	va_end(arguments);
	if (!message.truncated)
		text_addf(&message, ": %s", rest);
	return error->code;
}
