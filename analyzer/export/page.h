/* SPDX-License-Identifier: Apache-2.0 */
/* The page of html.c; the build makes page.c from page.html. */
#ifndef EXPORT_PAGE_H
#define EXPORT_PAGE_H

extern const char page_html[];

#endif /* EXPORT_PAGE_H */
