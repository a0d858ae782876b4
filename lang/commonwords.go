package lang

// common are the commonest words of each language in what shoppers write, lower
// case, without those that mean nothing by themselves ("ok", "halo", names of
// goods that are the same everywhere). Two words joined by _ count as a pair.
var common = map[string]string{
	"en": `the my is are was were where when what which who how why i i'm im i've ive i'd me we you your it its this that these those of to in on at for from with
		and or but not no don't dont can't cant won't didn't didnt hasn't hasnt haven't isn't isnt can could would will should do does did have has had want need
		like get got give send sent order orders package parcel delivery return refund cancel cancelled change address exchange broken damaged late lost arrived arrive
		please thanks thank hello hi hey yes yeah yep sure right there still yet any some much many long ship shipping cost stock size color colour card payment
		human person agent speak talk help show tell about again never nope bye goodbye black white blue red green new another other ones one second first both wrong item items`,
	"id": `saya aku gue gw kamu anda kak kakak mas mbak gan min yang yg di ke dari dan atau ini itu apa apakah mana dimana kapan kenapa bagaimana gimana berapa siapa
		tidak nggak enggak gak ga tak bukan belum sudah udah sdh blm dong deh sih kok ya nih lho loh aja saja juga bisa mau ingin pengen minta tolong mohon terima_kasih makasih
		pesanan pesenan orderan pesan paket paketku pesananku barang barangnya kirim dikirim pengiriman ongkir sampai sampe nyampe tiba datang batal batalkan batalin ganti ubah tukar tukarin
		kembalikan balikin retur pengembalian refundnya dana uang alamat rusak pecah hilang telat terlambat lama salah warna ukuran hitam putih biru merah hijau stok ready
		pembayaran bayar kartu bicara ngomong orang manusia dengan untuk buat punya ada berubah pikiran jadi lagi masih semua dua satu yang_pertama kedua benar betul iya selamat pagi siang sore malam
		cek lacak resi nomor punyaku nya ku dapat dapet terus tapi karena kalau kalo soalnya nunggu tunggu bantu boleh sama di_mana kpn brg sy dtg dmn gmn brp pkt blm kpn tlg terimakasih trims lanjut
		keluar malah basah isi isinya bocor sobek copot mati nyala banget bgt kemarin kemaren minggu hari bulan duit kurir kurirnya sepatu botol baju kaos tas lampu jaket dus kardus bungkus masuk berapaan pakai pake lagi_di gratis mahal murah kecil besar kenapa_ya`,
	"vi": `toi tôi mình minh em anh chị chi ban bạn shop cho của cua là la và va hay hoặc nay này do đó kia gi gì nao nào dau đâu o_dau khi_nao bao_gio bao_nhieu bao_lau the_nao tai_sao sao
		khong không ko hong chua chưa roi rồi duoc được đã da đang dang sẽ se muon muốn can cần xin vui_long cam_on cảm ơn don đơn don_hang đơn_hàng hang hàng goi_hang kien_hang giao giao_hang
		nhan nhận toi_noi huy hủy doi đổi tra_hang trả tra_lai hoan_tien hoàn tiền dia_chi địa chỉ bi bị vo vỡ hong_roi hỏng bi_mat mat_hang lam_mat mat_roi mất tre trễ cham chậm sai mau màu size_khac den đen trang_thai
		thanh_toan the_tin_dung noi_chuyen nhan_vien nguoi người ship_ve phi_ship con_hang hết ạ nhé nha nhe vang vâng dạ dung_roi thoi thôi giup giúp toi_muon minh_muon cai cái chiec cua_toi cua_minh
		giá nhiêu bao_giờ tien tiền sao_rồi đâu_rồi mua hôm nay bên em_ơi shop_ơi giày tai_nghe ba_lô
		giay ao_khoac ao_thun dun nuoc dep xanh luon rui vay zay tui xai gium bua lau bay_gio dat thay thieu rach nhieu ngay tuan thang con_k con_ko con_khong con_size con_mau binh_nuoc khoi khet dung_duoc xai_duoc hu_roi hu_het di_dau nao_toi voi may_ngay khach sac_du_phong co_ship may_hom`,
	"es": `el la los las un una unos mi mis tu su yo me te se lo le nos que qué cual cuál donde dónde cuando cuándo como cómo por para con sin de del al en y o pero no sí si es está esta estan están son
		fue ha han he quiero quisiera necesito puedo puede pueden tengo tiene hay hola gracias por_favor pedido pedidos paquete envío envio enviar llegar llega llegó llego devolver devolución devolucion
		reembolso cancelar cambiar dirección direccion roto rota dañado perdido tarde hablar persona humano agente ayuda cuánta todavía todavia aún dinero tarjeta auriculares buenos buenas días tardes mi_pedido recibido`,
	"pt": `o a os as um uma meu minha meus minhas seu sua eu me te se lhe que qual onde quando como por para com sem de do da dos das no na nos nas em e ou mas não nao sim é está esta estão são foi
		tem têm tenho quero queria preciso posso pode podem olá ola oi obrigado obrigada por_favor pedido pedidos pacote encomenda envio enviar chegar chega chegou devolver devolução devolucao
		reembolso cancelar trocar mudar endereço endereco quebrado quebrada danificado perdido atrasado falar pessoa humano atendente ajuda quanto ainda dinheiro cartão cartao você voce bom dia tarde boa meu_pedido recebi`,
}
