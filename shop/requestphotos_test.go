package shop

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/tools"
)

// photoHashes are n hashes that begin with a sign of their own.
func photoHashes(sign string, n int) (hashes []string) {
	for i := range n {
		hashes = append(hashes, fmt.Sprintf("%s%063x", sign, i))
	}
	return hashes
}

// TestPhotosBelongToWhatTheyWereSentFor has a customer send photos and then ask for
// things.
func TestPhotosBelongToWhatTheyWereSentFor(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		key := 0
		ask := func(conversation, name, arguments string, photos ...string) string {
			t.Helper()
			key++
			return runs(t.Context(), t, r, tools.Call{Name: name, Arguments: json.RawMessage(arguments), Caller: demo, Key: fmt.Sprint("k", key),
				Conversation: tools.Conversation{ID: conversation, Photos: photos}})
		}
		a, b := photoHashes("a", 3), photoHashes("b", 20)
		if got := ask("one", "return_delivered_order_items", `{"order_id":"W20003","item_ids":["510101"]}`, a...); got != "refused: "+ErrNoOrder.Error() {
			t.Fatalf("another's order: %s", got)
		}
		ask("one", "return_delivered_order_items", `{"order_id":"W10003","item_ids":["510101"],"payment_method_id":"credit_card_4210042"}`, a[:2]...)
		// The first two are the return's by now; of another conversation's many there is
		// a bound, and what the case has room for no more stays free.
		ask("one", "report_parcel_problem", `{"order_id":"W10002","problem":"damaged"}`, a...)
		ask("two", "report_parcel_problem", `{"order_id":"W10002","problem":"damaged"}`, b...)
		ask("two", "report_parcel_problem", `{"order_id":"W10002","problem":"late"}`, b...)
		ask("three", "report_parcel_problem", `{"order_id":"W10004","problem":"damaged","photos":["`+b[0]+`"],"sha256":"`+b[0]+`"}`)

		list, err := s.Requests(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string][]string)
		for _, one := range list {
			if one.CustomerID != demo.CustomerID || !one.At.Equal(noon) {
				t.Errorf("%+v", one)
			}
			got[one.OrderID+" "+one.Kind] = one.Photos
		}
		want := map[string][]string{
			"#W10003 return": a[:2], "#W10002 damaged": slices.Concat(a[2:], b[:maxRequestPhotos-1]), "#W10002 late": b[maxRequestPhotos-1:],
		}
		for what, photos := range want {
			if !slices.Equal(got[what], photos) {
				t.Errorf("%s has the photos %q, want %q", what, got[what], photos)
			}
		}
		if photos := got["#W10004 damaged"]; len(photos) > 0 {
			t.Errorf("a model has named %q", photos)
		}

		staff, refusal := call(t, r, tools.Caller{Staff: true}, "", "get_order_details", `{"order_id":"W10003"}`)
		if refusal != "" {
			t.Fatal(refusal)
		}
		wantValues(t, staff, map[string]string{"photos.0.request": "return", "photos.0.sha256": a[0], "photos.1.sha256": a[1]})
		theirs, _ := call(t, r, demo, "", "get_order_details", `{"order_id":"W10003"}`)
		wantValues(t, theirs, map[string]string{"photos": "<nil>"})
	})
}

func TestAPhotoOfAnExchange(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		photos := photoHashes("c", 1)
		runs(t.Context(), t, registry(t, s), tools.Call{Name: "exchange_delivered_order_items", Caller: demo, Key: "k",
			Arguments:    json.RawMessage(`{"order_id":"W10003","item_ids":["510101"],"new_item_ids":["510102"],"payment_method_id":"credit_card_4210042"}`),
			Conversation: tools.Conversation{ID: "one", Photos: photos}})
		list, err := s.Requests(t.Context(), 10)
		if err != nil || len(list) != 1 || list[0].Kind != "exchange" || !slices.Equal(list[0].Photos, photos) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestPhotosAreNeededForATime(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		photos := photoHashes("d", 2)
		runs(t.Context(), t, registry(t, s), tools.Call{Name: "report_parcel_problem", Caller: demo, Key: "k",
			Arguments: json.RawMessage(`{"order_id":"W10003","problem":"damaged"}`), Conversation: tools.Conversation{ID: "one", Photos: photos[:1]}})
		for since, want := range map[time.Time]bool{noon: true, noon.Add(time.Second): false} {
			needed, err := s.PhotosNeeded(t.Context(), photos, since)
			if err != nil || needed[photos[0]] != want || needed[photos[1]] {
				t.Errorf("since %s: %v, %v", since, needed, err)
			}
		}
		// An import that brings the order again leaves what the customer has sent.
		o, err := s.Order(t.Context(), demo, "W10003")
		if err != nil {
			t.Fatal(err)
		}
		load(t, s, o)
		if needed, err := s.PhotosNeeded(t.Context(), photos, noon); err != nil || !needed[photos[0]] {
			t.Errorf("after an import: %v, %v", needed, err)
		}
		if err := s.Load(t.Context(), true, func(b *Batch) error { return b.DropDemo() }); err != nil {
			t.Error(err)
		}
	})
}
