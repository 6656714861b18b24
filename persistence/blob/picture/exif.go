package picture

import "encoding/binary"

// orientation returns the orientation of a JPEG (Exif 2.3, section 4.6.4, tag 0x0112), or 1 if it
// has none.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xDA || size < 2 || at+2+size > len(data) { // start of image data, or invalid
			return 1
		}
		segment := data[at+4 : at+2+size]
		if marker == 0xE1 && len(segment) > 14 && string(segment[:6]) == "Exif\x00\x00" {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

// tiffOrientation returns the orientation in the first directory of a TIFF header, or 1.
func tiffOrientation(t []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	if t[0] == 'M' {
		order = binary.BigEndian
	}
	first := int(order.Uint32(t[4:]))
	if first < 8 || first > len(t)-2 {
		return 1
	}
	for i := range int(order.Uint16(t[first:])) {
		entry := first + 2 + 12*i
		if entry+12 > len(t) {
			return 1
		}
		if order.Uint16(t[entry:]) == 0x0112 {
			return int(order.Uint16(t[entry+8:]))
		}
	}
	return 1
}
