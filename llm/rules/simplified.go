package rules

import (
	"strings"
	"unicode/utf8"
)

// traditional holds traditional characters, each followed by its simplified form:
// those that occur in what shoppers write about orders, and the commonest of
// written Cantonese.
const traditional = "訂订單单貨货編编號号運运輸输費费遞递寄寄間间時时長长幾几還还沒没送送達达貨货" +
	"壞坏損损錯错顏颜換换藍蓝綠绿紅红黃黄銀银項项個个這这裡里裏里哪哪兒儿們们麼么甚什點点問问題题請请謝谢" +
	"對对會会聽听說说話话請请轉转員员務务線线電电郵邮編编碼码門门戶户賬账帳帐購购買买賣卖價价錢钱證证幫帮辦办開开關关" +
	"國国區区縣县鎮镇馬马來来見见隻只雙双條条級级類类機机殼壳壺壶傘伞褲裤燈灯墊垫書书筆笔錶表錄录邊边" +
	"過过現现進进遲迟丟丢遺遗蹤踪終终於于應应該该當当嗎吗讓让給给據据與与為为從从後后復复變变圖图樣样檢检查查詢询" +
	"認认識识選选擇择領领據据額额貴贵賠赔償偿險险標标籤签經经濟济專专業业聯联絡络隨随喜喜歡欢樂乐熱热氣气涼凉飛飞" +
	"嘅的咗了唔不冇没喺在嗰那啲些乜什佢他睇看畀给攞拿"

// simplified is the simplified form of a character, or the character itself.
func simplified(r rune) rune {
	for from := 0; ; {
		i := strings.IndexRune(traditional[from:], r)
		if i < 0 {
			return r
		}
		i += from
		// Both characters of a pair have three bytes, so a pair begins at each sixth.
		if i%6 == 0 {
			s, _ := utf8.DecodeRuneInString(traditional[i+3:])
			return s
		}
		from = i + 3
	}
}
