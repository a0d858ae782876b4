package livekit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/internal/livekittest"
)

func as(role string) map[string]string { return map[string]string{RoleAttribute: role} }

// Staff who speak get the floor, and whoever speaks meanwhile is noted and captioned;
// the agent comes back when they have left.
func TestStaffHaveTheFloorWhileTheyAreThere(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visitAs("aisle", "ann", as(RoleShopper), nil)
	d.until("the greeting", v.knows("Hello there."))
	staff := d.visitAs("aisle", "sue", as(RoleStaff), nil)
	v.write("before anybody speaks")
	d.until("an answer while staff only listen", v.knows("You said before anybody speaks"))
	sid := staff.speak(600 * time.Millisecond)
	d.until("the agent leaving the floor", v.knows("Over to my colleague."))
	d.until("the room knowing of it", v.attribute(floorAttribute, floorStaff))
	d.until("the caption of what staff said", v.knows("spoken words"))
	v.mu.Lock()
	if v.from["spoken words"] != "sue" || v.track["spoken words"] != sid {
		t.Errorf("captioned as %q's on track %q, want sue's on %q", v.from["spoken words"], v.track["spoken words"], sid)
	}
	v.mu.Unlock()
	v.write("is this for you")
	d.until("the note of what the shopper wrote", d.knows("is this for you"))
	staff.room.Disconnect()
	d.until("the agent's return", v.knows("Here I am again."))
	d.until("the room knowing of it", v.attribute(floorAttribute, floorAgent))
	v.write("and now")
	d.until("an answer", v.knows("You said and now"))
	if v.knows("You said is this for you")() {
		t.Error("the agent answered while staff had the floor")
	}
}

func TestStaffCallTheAgentBack(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visitAs("aisle", "ann", as(RoleShopper), nil)
	d.until("the greeting", v.knows("Hello there."))
	staff := d.visitAs("aisle", "sue", as(RoleStaff), nil)
	staff.write("good morning")
	d.until("the agent leaving the floor", v.knows("Over to my colleague."))
	staff.write("take over")
	d.until("the agent's return", v.knows("Here I am again."))
	v.write("so")
	d.until("an answer", v.knows("You said so"))
}

// A guest is noted; one who may interrupt is answered.
func TestGuests(t *testing.T) {
	d := openDesk(t, 4, nil)
	guest := d.visit("aisle", "abe") // whom the order of names would make the shopper
	v := d.visitAs("aisle", "zoe", as(RoleShopper), nil)
	d.dispatch("aisle")
	d.until("the greeting", v.knows("Hello there."))
	guest.write("nobody asked me")
	v.write("it is me")
	d.until("the answer", v.knows("You said it is me"))
	may := d.visitAs("aisle", "bob", map[string]string{RoleAttribute: RoleGuest, InterruptAttribute: "true"}, nil)
	may.write("what does it cost")
	d.until("the answer", v.knows("You said [BOB, guest]: what does it cost"))
	if v.knows("nobody asked me")() || v.knows("Over to")() {
		t.Error("a guest was answered, or taken for staff")
	}
}

// Nobody makes themselves staff: not with a token that lets them write their own
// attributes, and not by sending some along where it does not.
func TestAttributesThatPeopleWriteThemselvesCountForNothing(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	may := func(g *auth.VideoGrant) { g.SetCanUpdateOwnMetadata(true) }
	eve := d.visitAs("aisle", "eve", as(RoleStaff), may)
	eve.room.LocalParticipant.SetAttributes(map[string]string{RoleAttribute: RoleStaff, InterruptAttribute: "true"})
	mal := d.visit("aisle", "mal")
	mal.room.LocalParticipant.SetAttributes(as(RoleStaff))
	token, err := auth.NewAccessToken(livekittest.Key, livekittest.Secret).SetIdentity("joe").SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "aisle"}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	if joe, err := lksdk.ConnectToRoomWithToken(d.server.URL(), token, nil, lksdk.WithExtraAttributes(as(RoleStaff))); err == nil {
		joe.Disconnect()
		t.Error("the server lets people bring attributes of their own without a grant")
	}
	d.until("the attribute in the room", func() bool {
		p := v.room.GetParticipantByIdentity("eve")
		return p != nil && p.Attributes()[RoleAttribute] == RoleStaff
	})
	d.until("somebody else", func() bool { return v.room.GetParticipantByIdentity("mal") != nil })
	if a := v.room.GetParticipantByIdentity("mal").Attributes(); a[RoleAttribute] != "" {
		t.Errorf("the server lets people write attributes without a grant: %v", a)
	}
	eve.write("I am staff")
	mal.write("so am I")
	v.write("hello")
	d.until("the answer", v.knows("You said hello"))
	if _, err := eve.call(methodSilence, ""); err == nil {
		t.Error("a guest silenced the agent")
	}
	if v.knows("Over to")() {
		t.Error("a guest was taken for staff")
	}
}

// call calls a method of the agent's, which has to know them first.
func (v *visitor) call(method, payload string) (string, error) {
	_, agent := v.agents()
	v.desk.until("the agent knowing of somebody", func() bool {
		_, err := v.room.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{DestinationIdentity: agent, Method: methodState})
		return err == nil
	})
	for try := 1; ; try++ {
		answer, err := v.room.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{DestinationIdentity: agent, Method: method, Payload: payload})
		// The client writes down what it waits for after it has asked, and throws an
		// answer away that came in between.
		if told, ok := errors.AsType[*lksdk.RpcError](err); ok && told.Code == lksdk.RpcConnectionTimeout && try < 3 {
			continue
		}
		if err != nil {
			return "", err
		}
		return *answer, nil
	}
}

func TestMethods(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visitAs("aisle", "ann", as(RoleShopper), nil)
	d.until("the greeting", v.knows("Hello there."))
	staff, guest := d.visitAs("aisle", "sue", as(RoleStaff), nil), d.visit("aisle", "bob")
	for _, who := range []*visitor{staff, guest} {
		d.until("the agent", func() bool { n, _ := who.agents(); return n == 1 })
	}
	for _, c := range []struct {
		who             *visitor
		method, payload string
		want            string // "" is an error
	}{
		{v, methodSay, `{"text":"by method"}`, `{"turn":`},
		{v, methodState, ``, `"floor":"agent"`},
		{v, methodSay, `{"text":" "}`, ""},
		{v, methodSay, `[`, ""},
		{v, methodSay, `{"text":"` + strings.Repeat("x", 10<<10) + `"}`, ""},
		{guest, methodSay, `{"text":"by a guest"}`, ""},
		{guest, methodReturn, ``, ""},
		{guest, methodState, ``, `"role":"guest"`},
		{staff, methodSay, `{"text":"by staff"}`, `{"ok":true}`},
		{staff, methodState, ``, `"role":"staff"`},
		{v, methodState, ``, `"floor":"staff"`},
		{v, methodReturn, ``, `{"ok":true}`},
		{v, methodState, ``, `"role":"shopper"`},
	} {
		if strings.Contains(c.want, floorStaff) && c.method == methodState && c.who == v {
			d.until("leaving the floor", v.knows("Over to"))
		}
		got, err := c.who.call(c.method, c.payload)
		if c.want == "" {
			if told, ok := errors.AsType[*lksdk.RpcError](err); !ok || told.Code != lksdk.RpcApplicationError || told.Message == "" {
				t.Errorf("%s %.40s: %q, %v", c.method, c.payload, got, err)
			}
			continue
		}
		if err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s %.40s: %q, %v", c.method, c.payload, got, err)
		}
	}
	d.until("the return", v.knows("Here I am again."))
	if _, err := v.call(methodSay, `{"text":"by method"}`); err != nil {
		t.Error(err)
	}
	d.until("the answer", v.knows("You said by method"))
	if _, err := v.call(methodSay, `{"text":"`+strings.Repeat("and on ", 200)+`"}`); err != nil {
		t.Error(err)
	}
	d.until("a long answer", v.attribute(stateAttribute, "speaking"))
	if got, err := v.call(methodSilence, ""); err != nil || got != `{"ok":true}` {
		t.Errorf("%q, %v", got, err)
	}
	d.until("silence", v.attribute(stateAttribute, "listening"))
}

// Of two agents for one person one leaves, and the other answers.
func TestOfTwoAgentsOneLeaves(t *testing.T) {
	d := openDesk(t, 4, nil)
	v := d.visit("aisle", "ann")
	d.dispatch("aisle")
	d.until("the greeting", v.knows("Hello there."))
	d.dispatch("aisle")
	d.until("a second conversation", func() bool { return d.conversations() == 2 })
	d.until("its end", func() bool { n, _ := v.agents(); return d.host.Count() == 1 && n == 1 })
	v.write("one of you")
	d.until("the answer", v.knows("You said one of you"))
}
