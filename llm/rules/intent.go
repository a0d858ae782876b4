package rules

import (
	"regexp"
	"slices"
	"strings"
)

// intent is what a caller wants.
type intent string

// The intents.
const (
	unknownIntent  intent = ""
	orderIntent    intent = "order"  // something about an order; which, says the aspect
	listIntent     intent = "list"   // all orders
	returnIntent   intent = "return" // send something back
	damagedIntent  intent = "damaged"
	exchangeIntent intent = "exchange"
	policyIntent   intent = "return_options"
	cancelIntent   intent = "cancel"
	changeIntent   intent = "change" // of an address, a payment, an account
	productsIntent intent = "products"
	helpIntent     intent = "help"
	whoIntent      intent = "who"
	personIntent   intent = "person"
	greetIntent    intent = "greet"
	thanksIntent   intent = "thanks"
	byeIntent      intent = "bye"
	repeatIntent   intent = "repeat"
	goOnIntent     intent = "go_on"
	waitIntent     intent = "wait"
	abortIntent    intent = "abort"
	yesIntent      intent = "yes"
	noIntent       intent = "no"
	shopIntent     intent = "shop"   // of the shop itself: hours, shipping, discounts
	followIntent   intent = "follow" // the same of another order or thing

	lostIntent     intent = "lost"
	lateIntent     intent = "late"
	wrongIntent    intent = "wrong_item"
	addressIntent  intent = "address_change"
	accountIntent  intent = "account_address"
	paymentIntent  intent = "payment_change"
	itemsIntent    intent = "items_change"
	stockIntent    intent = "stock"
	shippingIntent intent = "shipping"
	profileIntent  intent = "profile"
	attackIntent   intent = "attack"
)

// aspect is what of an order is asked for; "" is how it stands.
type aspect string

// The aspects of an order.
const (
	statusAspect   aspect = ""
	etaAspect      aspect = "eta"
	itemsAspect    aspect = "items"
	totalAspect    aspect = "total"
	trackingAspect aspect = "tracking"
	carrierAspect  aspect = "carrier"
	addressAspect  aspect = "address"
	placedAspect   aspect = "placed"
	paidAspect     aspect = "paid"
	refundAspect   aspect = "refund"
)

// pattern recognises one intent in words that stand apart by single spaces, all
// lower case, without apostrophes.
type pattern struct {
	intent intent
	aspect aspect
	match  *regexp.Regexp
}

// compilePatterns makes the table of patterns. The first that matches wins, so
// narrow ones stand before wide ones. Some alternatives are what a small
// recogniser writes for the words ("frat my order", "they turn it").
func compilePatterns() []pattern {
	const (
		the    = `(the|my|this|that|these|those|your|a|an|some)`
		orders = `(orders?|order number|parcels?|packages?|packets?|deliver(y|ies)|shipments?|stuff|things?)`
	)
	table := []struct {
		intent intent
		aspect aspect
		match  string
	}{
		{repeatIntent, "", `\b(say (that|it|this) again|repeat|what did you (just )?say|what was that|pardon|come again|once more|one more time|(didnt|did not|couldnt|cant|dont) (hear|catch|get|understand) (that|you|it|what)|didnt hear|say again|speak up|can you say that)\b|^(sorry|sorry what|what|huh|excuse me|sorry i missed that|i missed that|what sorry|hm what)$`},
		{waitIntent, "", `^((ok |okay |please |um |uh )*(wait|w|hold on|hang on|one moment|one second|one sec|a moment|a second|just a (second|moment|minute|sec|minute please)|give me (a|one) (second|minute|moment|sec)|let me (look|check|see|find)( it up| it| for it| that| my \w+)?|(wait|hold on|hang on) (a|one) (second|minute|moment|sec)|bear with me|moment)( please)?)$`},
		{abortIntent, "", `\b(never ?mind|nevermind|forget (it|that|about (it|that))|cancel (that|this|it)( please)?$|leave it|changed my mind|scratch that|drop it|dont bother|dont (do|want to do) (it|that|this)|do not do (it|that|this)|not any ?more|skip (it|that))\b|^(please )?(stop|star|cancel|stop it|abort|quit)( please)?$`},
		{personIntent, "", `\b(human|real person|real agent|live agent|representative|operator|customer (service|support|care)|support team|call ?back|your (manager|supervisor|boss)|a (manager|supervisor)|someone (real|else|who)|an? (employee|colleague|human being))\b|\b(speak|talk|talking|speaking|transfer|connect|put|pass|get|reach|contact|call|give me|want)\b.*\b(person|people|someone|somebody|agent|staff|manager|supervisor)\b|^(agent|person|people|a person|support|manager)( please)?$`},
		{whoIntent, "", `\b(who are you|what are you|are you (a |an )?(real|human|robot|bot|machine|computer|ai|person|man|woman)|whats your name|what is your name|who am i (talking|speaking) (to|with)|am i (talking|speaking) to)\b`},
		{policyIntent, "", `\b(returns? (policy|policies|window|rules?|period|conditions?|terms)|policy|policies|refund (policy|rules?)|how (do|does|can|would) (i |the |your |a )?(returns? (work|process)|returns$)|how long do i have( to return)?|(can|may|could) i (still )?return (something|things|items|stuff)( if| when| after|$)|how many days .*return|warranty|guarantee)\b`},
		{exchangeIntent, "", `\b(exchange|exchanging|swap|swapping|(different|another|bigger|smaller|larger) (size|colou?r|one) (instead|please)|replacement|replace)\b`},
		{orderIntent, refundAspect, `\b(wheres|where is|where|when|status|hasnt|havent|have not|has not|did|has|got|received|receive|see|arrived?|how long)\b.*\b(refund(ed)?|money back|my money)\b|\brefund status\b`},
		{returnIntent, "", `\b(returns?|returning|re turn|they turn (it|the|my|them)|refund(ed|s)?|money back|(send|sending|give|giving|bring|bringing|take|taking|ship|mail|post)\b.*\bback|(do not|dont|didnt|no longer) want (it|them|the|my|this|that|these|those)|get rid of)\b`},
		{damagedIntent, "", `\b(broken?|damaged?|defective|faulty|(does|do|did|is|are)(nt| not) (work|working|turn on|charge|fit)|not working|stopped working|cracked|scratched|torn|leak(s|ing)|wrong (item|items|size|colou?r|one|product|thing))\b`},
		{returnIntent, "", `\b(too (small|big|large|tight|loose|loud|short|long)|(isnt|is not|not) what i (ordered|wanted|expected)|dont like (it|them|the)|do not like (it|them|the)|poor quality)\b`},
		{changeIntent, "", `\b(change|update|modify|edit|correct|switch)\b.*\b(address|payment|card|order|email|e mail|phone|name|account|password|size|colou?r|delivery|items?)\b|\b(add|remove)\b.*\b(to|from) (my|the) order\b|\bdeliver (it )?(to )?(a )?(different|another|new) address\b`},
		{cancelIntent, "", `\bcancel(l?ing|lation)?\b|\bcall off\b|\bstop (my|the|that|this) order\b`},
		{shopIntent, "", `\b(do|can|does|will|would|could) (you|u|they) (guys |also |still )?(ship|deliver|accept|take|offer|give)\b.*\b(to|paypal|cards?|cash|visa|payments?|discounts?|coupons?|vouchers?|free)\b|\b(payment methods?|methods? of payment) (do|can|are)\b|\b(opening|business|working) (hours|times?)\b|\b(discount|coupon|promo|promotion|voucher)s?\b|\b(shipping|delivery) (costs?|fees?|prices?|charges?|options)\b|\bhow much (is|does|are) (the )?(shipping|delivery)\b`},
		{listIntent, "", `\b(list|show|tell|read|give|see|check|know|hear|go through|look up|find)\b.*\b(all|my|me|recent|past|previous)\b.*\borders\b|\b(what|which|how many|any|all|all of|recent|past|previous|latest|last|current|open|other) (are |of )?(my |the )?(\w+ )?orders\b|\border history\b|\bmy orders\b|\borders (do|have) i\b|\bwhat (have|did) i (order|ordered|buy|bought)( from you)?( recently| lately| so far| last \w+| before| in the past)?$|\bhow many orders\b|^(all |my |the )*orders( please)?$`},
		{productsIntent, "", `\b(what (do|else do|can|kind of things do|products do|items do|all do) (you|i|we) (have|sell|stock|carry|offer|buy|order from you)|(do|does|have|are) (you|they|the shop|your shop|this shop|u) (guys |still |also |got |have |sell |carry |stock |selling )+|you sell|do you have|in stock|catalogu?e|your (products|range|shop sell|store sell)|(looking|look|searching|search|shopping) for|show me|what products|which products|what else|recommend|interested in|whats available|available in|want to buy|like to buy|can i buy|could i buy|buy (a|an|some|the)|price of (a|an|the|your|those|these|some)|how much (is|are|does|do|for|would) (a|an|the|your|those|these|some|one)|how much do (the|your)|what colou?rs|which colou?rs|what sizes|which sizes|pricey|how expensive|price( pls| please)?$|is the [a-z ]+ (expensive|cheap)|got any|have any|any (headphones|kettles?|jackets?|cases?|shoes|lamps?|bottles?|mats?|backpacks?|shirts?|grinders?))\b`},
		{orderIntent, trackingAspect, `\b(tracking|track) ?(number|code|id|link|info|information)\b`},
		{orderIntent, carrierAspect, `\b(carrier|courier|(delivery|shipping) (company|service|firm)|who (is |will be |s )?(deliver(s|ing)?|bring(s|ing)?|ships?|shipping|carrying)|whos (delivering|bringing|shipping)|shipped with|which (post|company))\b`},
		{orderIntent, addressAspect, `\b(which|what|whats|where|right|correct|delivery|shipping) .*\baddress\b|\b(delivery|shipping) address\b|\bwhere\b.*\b(deliver(ed|ing)? to|going to|go to|sent to|send it to|ship(ped)? to|being sent|headed)\b|\baddress\b`},
		{orderIntent, placedAspect, `\bwhen (did|have) i (order|ordered|buy|bought|place|placed|get|make)\b|\border date\b|\bwhen was\b.*\b(placed|ordered|made|bought)\b|\bdate of (my|the|that) order\b`},
		{orderIntent, totalAspect, `\bhow much (was|were|did|is|have|for)\b|\bwhat (did|have) i (pay|paid)\b|\b(total|amount|bill|invoice|cost|costs|charged)\b|\bprice\b.*\border\b`},
		{orderIntent, paidAspect, `\bhow (did|have) i (pay|paid)\b|\b(which|what) (card|payment|payment method)\b|\bpayment method\b|\b(paid|pay) (with|for it with|by)\b`},
		{orderIntent, itemsAspect, `\bwhat(s| is| was| did| do| are| else is| all is)?\b.*\b(in|inside|part of)\b.*\b(it|order|orders|that|parcel|package|one|box)\b|\b(contents?|how many (items|things)|which items|what items|what things|items (are|were)|what (did|have) i (order|ordered|buy|bought|get))\b|\bwhat(s| is) in\b`},
		{orderIntent, etaAspect, `\b(when|what day|what time|how long|how soon|how many days|what date)\b.*\b(arrive|arrives|arriving|come|comes|coming|get|gets|here|deliver|delivered|delivery|delivering|receive|expect|expected|be there|reach|reaches|take|takes|there|show up|it)\b|\b(eta|estimated|delivery date|arrival|expected (date|day|delivery)|arriv(e|es|ing) (today|tomorrow|on|this|soon|by)|(come|coming|get here|here|there|delivered) (today|tomorrow|soon|by|this))\b|\bwhen (will|is|does|do|can|should|would)\b`},
		{orderIntent, statusAspect, `\b(where ?s|where (\w+ )?is|where are|(not|isnt|arent|nothing) (\w+ )?(here|come|arrived)|cancell?ed|where has|where did|where the|where my|whereabouts|whos got|track|tracking|trace|frat|locate|status|arrive|arrived|delivered|shipped|ship|ships|dispatched|dispatch|sent out|been sent|left yet|(left|leave|leaving) (the|your) (warehouse|depot|hub|store|shop|facility)|on (its|the|their) way|out for delivery|any (news|update|updates)|update on|news (about|on|of)|whats happening|what is happening|what happened|whats going on|whats up with|how is|hows|hasnt come|hasnt arrived|not arrived|didnt arrive|havent received|havent got|never (came|arrived|got)|still waiting|been waiting|waiting for|is late|late|delayed|lost|missing|stuck|progress|check (on )?(my|the|an|that|this|order)|look up|look at|looking at|find (my|the)|find out about|lookup|info(rmation)? (on|about)|details (of|on|about|for)|tell me about)\b`},
		{helpIntent, "", `\b(what (can|could|do|else can|all can|exactly can) (you|u|i|we) (do|help|ask|offer|say)|what can you|can you help|could you help|help me|need (some |your )?help|how (does|do) (this|it|you) work|what (are|is) (my|the) options|what do you do|what are you able|how can you help|what services?|what is this|what should i (say|do)|what can i (ask|say))\b|^(help|help please|please help|options|menu|main menu)$`},
		{byeIntent, "", `\b(bye|goodbye|good bye|see you|see ya|thats all|that is all|thatll be all|that will be all|thats it|nothing else|nothing more|im done|i am done|im good|im all set|all set|good night|have a (nice|good|great|lovely)|take care|hang up|no more questions)\b`},
		{goOnIntent, "", `^(please )?(go on|continue|carry on|keep going|keep talking|please continue|you were saying|and then|go ahead|finish|what else|and|tell me more|more)( please)?$`},
		{thanksIntent, "", `\b(thanks|thank you|thank u|cheers|appreciate|much obliged|ta)\b`},
		{followIntent, "", `^(and|what about|how about|and what about|then)( |$)`},
		{greetIntent, "", `^(oh |um |uh |well )*(hi|hello|hey|hiya|howdy|good (morning|afternoon|evening|day)|high there|hide there|hi there|hallo|halo|greetings|yo|morning|evening|anyone there|anybody there|are you there|can you hear me)\b`},
		{orderIntent, statusAspect, `\b` + the + ` (\w+ )?` + orders + `\b|^(orders?|parcels?|packages?|deliver(y|ies))\b|\border (number|id)\b|\babout (an|my|the) order\b|\b(mike|might) order\b`},
	}
	patterns := make([]pattern, 0, len(table))
	for _, p := range table {
		patterns = append(patterns, pattern{p.intent, p.aspect, regexp.MustCompile(p.match)})
	}
	return patterns
}

// understood is what a caller's words come to, apart from the things they name.
type understood struct {
	intent  intent
	aspect  aspect
	yes, no bool
	// plainly says that the words are a yes and nothing else.
	plainly bool
	// numbers are the orders' numbers in them.
	numbers []number
	// rest are the words without those numbers.
	rest []string
}

// understand reads what was said, as text and as the brain's words. awaited says
// that the agent has asked for an order's number.
func (t *turn) understand(text string, words []string, awaited bool) understood {
	u := understood{numbers: numbers(words, awaited)}
	if slices.ContainsFunc(u.numbers, func(n number) bool { return n.Marked && n.Complete() }) { // then a postal code is none
		u.numbers = slices.DeleteFunc(u.numbers, func(n number) bool { return !n.Marked })
	}
	u.rest = withoutNumbers(words, u.numbers)
	u.intent, u.aspect = t.intent(text, u.rest)
	if u.intent == stockIntent { // "number 42" of a shoe is a size
		u.numbers = slices.DeleteFunc(u.numbers, func(n number) bool { return !n.Complete() })
		u.rest = withoutNumbers(words, u.numbers)
	}
	book := t.brain.book
	u.plainly = book.Affirmation(t.lang, text)
	u.yes = book.Agrees(t.lang, text)
	u.no = book.Negation(t.lang, text)
	if t.lang == english {
		u.no = u.no || begins(words, "no", "nope", "nah", "dont", "do not", "stop", "wait no", "actually no", "rather not", "id rather not", "please dont", "i dont", "hold on", "wait")
		if !u.yes && begins(words, "yes", "yeah", "yep", "okay", "ok", "sure") && book.Negation(english, text[strings.IndexByte(text+" ", ' '):]) {
			u.no = true // "yes, no, wait, don't"
		}
	}
	if u.no {
		u.yes, u.plainly = false, false
	}
	switch {
	case u.intent == productsIntent && len(u.numbers) > 0:
		u.intent = orderIntent // "show me order W10002"
	case u.no && u.intent == thanksIntent:
		u.intent = noIntent // "no, thanks"
	case u.intent != unknownIntent:
	case u.yes:
		u.intent = yesIntent
	case u.no:
		u.intent = noIntent
	}
	return u
}

// withoutNumbers are the words with "w0" in the place of each number.
func withoutNumbers(words []string, numbers []number) []string {
	var rest []string
	from := 0
	for _, n := range numbers {
		rest = append(append(rest, words[from:n.from]...), "w0")
		from = n.to
	}
	return append(rest, words[from:]...)
}

// intent is what the cues of the language's file tell, or, in English, the patterns
// above. words are without the order numbers.
func (t *turn) intent(text string, words []string) (intent, aspect) {
	name := t.ear(text).intent(text)
	if name == "" && t.lang == english {
		plain := strings.Join(words, " ")
		for _, p := range t.brain.patterns {
			if p.match.MatchString(plain) {
				return p.intent, p.aspect
			}
		}
	}
	switch kind, of, _ := strings.Cut(name, "."); {
	case name == "refund":
		return orderIntent, refundAspect
	case kind == "order":
		return orderIntent, aspect(of)
	default:
		return intent(name), ""
	}
}

// begins says whether the words, after fillers, begin with one of the phrases.
func begins(words []string, phrases ...string) bool {
	i := 0
	for i < len(words) && (fillers[words[i]] || words[i] == "oh") {
		i++
	}
	text := strings.Join(words[i:], " ") + " "
	for _, p := range phrases {
		if strings.HasPrefix(text, p+" ") {
			return true
		}
	}
	return false
}
