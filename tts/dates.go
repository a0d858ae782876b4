package tts

import (
	"strconv"
	"strings"
	"time"
)

// sayDate reads a date made of words: "Nov 23", "November 23, 2026",
// "23 November 2026", "Mon, Nov 23". a and b are the tokens after t, nil when
// there are none. It returns how many tokens it took.
func sayDate(t, a, b *token) int {
	if a == nil {
		return 0
	}
	dayOf := func(t *token) (int64, bool) {
		s := strings.ToLower(t.core)
		for _, suffix := range []string{"st", "nd", "rd", "th"} {
			s = strings.TrimSuffix(s, suffix)
		}
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && len(s) <= 2 && n >= 1 && n <= 31
	}
	yearAfter := func(t *token) bool {
		if t == nil || len(t.core) != 4 || !digitsOnly(t.core) {
			return false
		}
		n, _ := strconv.ParseInt(t.core, 10, 64)
		if n < 1900 || n > 2099 {
			return false
		}
		t.said = year(n)
		return true
	}
	if month, ok := monthNames[strings.ToLower(t.core)]; ok {
		day, ok := dayOf(a)
		if !ok || strings.Trim(t.close, ".") != "" {
			return 0
		}
		t.said, t.close = month, ""
		a.said = ordinal(day)
		if yearAfter(b) {
			a.close = ","
			return 3
		}
		return 2
	}
	if month, ok := monthNames[strings.ToLower(a.core)]; ok && t.close == "" {
		if day, ok := dayOf(t); ok && a.core != "may" {
			t.said = ordinal(day)
			a.said = month
			if yearAfter(b) {
				a.close = strings.TrimPrefix(a.close, ".")
				return 3
			}
			return 2
		}
	}
	if day, ok := dayNames[strings.ToLower(t.core)]; ok {
		if _, month := monthNames[strings.ToLower(a.core)]; month || strings.HasPrefix(t.close, ".") {
			t.said = day
			t.close = strings.TrimPrefix(t.close, ".")
			return 1
		}
	}
	return 0
}

// sayISODate reads "2026-11-23", "2026-11-23T10:30:00Z" and "11/23/2026".
func sayISODate(s string) string {
	if d, err := time.Parse("2006-01-02", s); err == nil {
		return dateWords(d)
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"} {
		if d, err := time.Parse(layout, s); err == nil {
			return dateWords(d) + ", at " + clockWords(d.Hour(), d.Minute(), false)
		}
	}
	for _, layout := range []string{"1/2/2006", "2/1/2006", "2006/1/2"} {
		if d, err := time.Parse(layout, s); err == nil {
			return dateWords(d)
		}
	}
	return ""
}

// isDate says whether s is a date in digits that a telephone number could be.
func isDate(s string) bool { return sayISODate(s) != "" }

func dateWords(d time.Time) string {
	return months[d.Month()-1] + " " + ordinal(int64(d.Day())) + ", " + year(int64(d.Year()))
}

// sayClock reads "10:30", "14:05:10", "9am", "10:30pm" and, where half says that
// "a.m." or "p.m." follows, "9".
func sayClock(s string, half bool) string {
	lower := strings.ToLower(s)
	suffix := ""
	for _, m := range []string{"am", "pm", "a.m", "p.m"} {
		if rest, ok := strings.CutSuffix(lower, m); ok && rest != "" {
			suffix, lower = meridiem(m), rest
			break
		}
	}
	hours, rest, colon := strings.Cut(lower, ":")
	minutes, seconds, _ := strings.Cut(rest, ":")
	if !colon {
		minutes = "00"
		if suffix == "" && !half {
			return ""
		}
	}
	if !digitsOnly(hours) || len(hours) > 2 || !digitsOnly(minutes) || len(minutes) != 2 || seconds != "" && !digitsOnly(seconds) {
		return ""
	}
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	if h > 24 || m > 59 || (suffix != "" || half) && (h > 12 || h == 0) {
		return ""
	}
	said := clockWords(h, m, suffix != "" || half)
	if suffix != "" {
		said += " " + suffix
	}
	return said
}

// clockWords is a time of day; half says that "a.m." or "p.m." follows.
func clockWords(h, m int, half bool) string {
	hour := cardinal(int64(h))
	switch {
	case m == 0 && half:
		return hour
	case m == 0 && h >= 1 && h <= 12:
		return hour + " o'clock"
	case m == 0:
		return hour + " hundred hours"
	case m < 10:
		return hour + " oh " + small[m]
	}
	return hour + " " + cardinal(int64(m))
}

// meridiem is how "am" or "pm" is said, "" for anything else.
func meridiem(s string) string {
	switch strings.ReplaceAll(strings.ToLower(strings.TrimRight(s, ",;!?)")), ".", "") {
	case "am":
		return "A M"
	case "pm":
		return "P M"
	}
	return ""
}
