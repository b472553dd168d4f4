/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes and three arithmetic helpers that both halves use.
 *
 * Header only and free of libc calls, so that the shim can include it.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define attr_nodiscard	   __attribute__((warn_unused_result))
#define attr_noinline	   __attribute__((noinline))
#define attr_cold	   __attribute__((cold, noinline))
#define attr_always_inline inline __attribute__((always_inline))
#define attr_unused	   __attribute__((unused))
#define attr_noreturn	   __attribute__((noreturn))
#define attr_packed	   __attribute__((packed))
#define attr_export	   __attribute__((visibility("default")))
#define attr_hidden	   __attribute__((visibility("hidden")))
#define attr_printf(f, a)  __attribute__((format(printf, f, a)))
#define attr_cleanup(fn)   __attribute__((cleanup(fn)))

/* The only TLS model the shim may use: the dynamic ones may call malloc on first access. */
#define attr_tls_initial_exec __attribute__((tls_model("initial-exec")))

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(n, to)	  (((n) + (to)-1) & ~((__typeof__(n))(to)-1))
#define ALIGN_DOWN(n, to) ((n) & ~((__typeof__(n))(to)-1))

#endif /* BASE_ATTR_H */
