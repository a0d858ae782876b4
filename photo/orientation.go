package photo

import (
	"bytes"
	"encoding/binary"
)

// normal is the orientation of a photo that is upright as it is.
const normal = 1

// orientation is how the camera was held, 1 to 8 as Exif 2.32 numbers it (tag
// 0x0112); normal when the file does not say, or says it in a way that is wrong.
func orientation(format Format, data []byte) int {
	switch format {
	case JPEG:
		return tiffOrientation(jpegExif(data))
	case PNG:
		return tiffOrientation(pngExif(data))
	case WebP:
		var exif []byte
		_ = webpChunks(data, func(id string, body []byte) error { // it returns what this returns: nil
			if id == "EXIF" && exif == nil {
				exif = bytes.TrimPrefix(body, []byte("Exif\x00\x00"))
			}
			return nil
		})
		return tiffOrientation(exif)
	}
	return normal
}

// jpegExif is the body of a JPEG's Exif segment, or nil.
func jpegExif(data []byte) []byte {
	const startOfScan, app1 = 0xda, 0xe1
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		if rest[1] == 0xff { // a fill byte
			rest = rest[1:]
			continue
		}
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if rest[1] == startOfScan || size < 2 || 2+size > len(rest) {
			return nil
		}
		if exif, ok := bytes.CutPrefix(rest[4:2+size], []byte("Exif\x00\x00")); ok && rest[1] == app1 {
			return exif
		}
		rest = rest[2+size:]
	}
	return nil
}

// pngExif is the body of a PNG's eXIf chunk, or nil.
func pngExif(data []byte) []byte {
	for rest := data[8:]; len(rest) >= 12; {
		size := int64(binary.BigEndian.Uint32(rest))
		if size > int64(len(rest)-12) {
			return nil
		}
		if string(rest[4:8]) == "eXIf" {
			return rest[8 : 8+size]
		}
		rest = rest[12+size:]
	}
	return nil
}

// tiffOrientation reads the orientation from the first directory of a TIFF
// structure, which is what Exif is.
func tiffOrientation(exif []byte) int {
	const tagOrientation, typeShort = 0x0112, 3
	if len(exif) < 8 {
		return normal
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
	default:
		return normal
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return normal
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return normal
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if value := int(order.Uint16(entries[8:])); value >= 1 && value <= 8 {
				return value
			}
			return normal
		}
		entries = entries[12:]
	}
	return normal
}
