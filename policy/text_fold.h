/* Text as it is searched and sorted: letters in lower case whatever the script, full-width letters and
 * half-width katakana as the others, so that ＴＡＲＯ is found by taro and ﾔﾏﾀﾞ by ヤマダ. Pure.
 */
#ifndef POLICY_TEXT_FOLD_H
#define POLICY_TEXT_FOLD_H

#include <locale.h>
#include <stddef.h>

/* Room for what `len` bytes become, with the NUL. */
#define TEXT_FOLD_SIZE(len) (2 * (len) + 1)

/* locale: one whose characters are UTF-8, made with newlocale; (locale_t)0: ASCII letters alone. What is no
 * UTF-8 stays as it is. Returns the length of ret_folded. */
size_t text_fold(const char *text, size_t len, locale_t locale, char *ret_folded);

#endif
