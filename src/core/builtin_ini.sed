# The shipped configuration file as a C string: the built-in configuration.
1i #include "core/config.h"
1i const char builtin_ini[] =
s/\\/&&/g
s/"/\\"/g
s/.*/"&\\n"/
$a ;
